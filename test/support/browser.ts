/**
 * A page in a real headless Chromium, driven over the DevTools protocol. Without a Chromium the tests of the page are skipped
 * with one line that says so, unless TEAMPULSE_REQUIRE_BROWSER=1 makes that a failure.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { WebSocket } from 'ws';
import { hasProgram } from './program.js';

/** Whether tests may use a Chromium. */
export const hasBrowser = (): boolean =>
  hasProgram({ name: 'chromium', requiredBy: 'TEAMPULSE_REQUIRE_BROWSER', skipped: 'the tests of the page' });

const FLAGS = [
  '--headless=new',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--remote-debugging-port=0',
  '--window-size=1280,900',
  // Whatever is not on this machine is not there: a request that goes elsewhere fails, and that is an error of the page.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
  // Chromium's sandbox refuses to start as root.
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
];

/** What the browser says: the answer to a command, or an event. Only what is read here. */
interface Message {
  readonly id?: number;
  readonly result?: Result;
  readonly error?: { readonly message: string };
  readonly method?: string;
  readonly params?: {
    readonly request?: { readonly url: string };
    readonly url?: string;
    readonly exceptionDetails?: ExceptionDetails;
    readonly entry?: { readonly level: string; readonly text: string; readonly url?: string };
    readonly type?: string;
    readonly args?: readonly object[];
  };
}
interface Result {
  readonly result?: { readonly value?: unknown };
  readonly exceptionDetails?: ExceptionDetails;
}
interface ExceptionDetails {
  readonly text: string;
  readonly exception?: { readonly description?: string };
}

export class BrowserPage {
  /** The addresses that the page and its sockets asked for, in order. */
  readonly requests: string[] = [];
  /** What was thrown, refused or logged as an error. */
  readonly errors: string[] = [];
  private readonly waiting = new Map<number, (answer: Message) => void>();
  private lastId = 0;

  private constructor(
    private readonly chromium: ChildProcess,
    private readonly folder: string,
    private readonly socket: WebSocket,
  ) {
    socket.on('message', (data: Buffer) => this.receive(JSON.parse(data.toString()) as Message));
  }

  /** Starts a browser of its own with an empty page. */
  static async open(): Promise<BrowserPage> {
    const folder = mkdtempSync(join(tmpdir(), 'teampulse-browser-'));
    const chromium = spawn('chromium', [...FLAGS, `--user-data-dir=${folder}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      // A group of its own, so that its helpers can be ended with it.
      detached: true,
    });
    try {
      const socket = new WebSocket(await pageAddress(chromium));
      await once(socket, 'open');
      const page = new BrowserPage(chromium, folder, socket);
      for (const domain of ['Network', 'Runtime', 'Log', 'Page']) await page.send(`${domain}.enable`);
      return page;
    } catch (error) {
      await end(chromium, folder);
      throw error;
    }
  }

  async goto(url: string): Promise<void> {
    await this.send('Page.navigate', { url });
  }

  /** The text that is shown in the first element that matches; undefined without one. */
  async text(selector: string): Promise<string | undefined> {
    const shown = await this.evaluate(`document.querySelector(${JSON.stringify(selector)})?.innerText`);
    return typeof shown === 'string' ? shown.replaceAll('\u{A0}', ' ') : undefined;
  }

  /** Waits until an element is there and its text matches, and gives the text. @throws with the text and the page's errors */
  async shows(selector: string, pattern: RegExp, timeout = 30_000): Promise<string> {
    let text: string | undefined;
    try {
      return await vi.waitUntil(
        async () => {
          text = await this.text(selector);
          return text !== undefined && pattern.test(text) ? text || ' ' : undefined;
        },
        { timeout, interval: 50 },
      );
    } catch (cause) {
      throw new Error(`${selector} never showed ${pattern}, but ${JSON.stringify(text)}; ${this.errors.join('; ')}`, {
        cause,
      });
    }
  }

  /** Presses the mouse in the middle of the first element that matches. */
  async press(selector: string): Promise<void> {
    const box = `document.querySelector(${JSON.stringify(selector)}).getBoundingClientRect()`;
    const middle = await this.evaluate(`(({ x, y, width, height }) => [x + width / 2, y + height / 2])(${box})`);
    const [x, y] = middle as [number, number];
    for (const type of ['mousePressed', 'mouseReleased'])
      await this.send('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1 });
  }

  /** The value of an expression in the page. @throws what it throws */
  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', { expression, returnByValue: true });
    if (exceptionDetails) throw new Error(describe(exceptionDetails));
    return result?.value;
  }

  async close(): Promise<void> {
    this.socket.close();
    await end(this.chromium, this.folder);
  }

  private async send(method: string, params: object = {}): Promise<Result> {
    const id = ++this.lastId;
    const answered = new Promise<Message>((resolve) => this.waiting.set(id, resolve));
    this.socket.send(JSON.stringify({ id, method, params }));
    const { result, error } = await answered;
    if (error) throw new Error(`${method}: ${error.message}`);
    return result ?? {};
  }

  private receive(message: Message): void {
    const { id, method, params = {} } = message;
    if (id !== undefined) {
      this.waiting.get(id)?.(message);
      this.waiting.delete(id);
    }
    const { request, url, exceptionDetails, entry, type, args = [] } = params;
    if (method === 'Network.requestWillBeSent' && request) this.requests.push(request.url);
    if (method === 'Network.webSocketCreated' && url) this.requests.push(url);
    if (method === 'Runtime.exceptionThrown' && exceptionDetails) this.errors.push(describe(exceptionDetails));
    if (method === 'Log.entryAdded' && entry?.level === 'error') this.errors.push(`${entry.text} ${entry.url ?? ''}`);
    if (method === 'Runtime.consoleAPICalled' && type === 'error')
      this.errors.push(`console.error(${args.map((arg) => JSON.stringify(arg)).join(', ')})`);
  }
}

const describe = ({ text, exception }: ExceptionDetails): string => exception?.description ?? text;

/** Where the first page is driven from, once the browser has said where it listens. */
async function pageAddress(chromium: ChildProcess): Promise<string> {
  let said = '';
  chromium.stderr?.on('data', (data: Buffer) => (said += data.toString()));
  const browser = await vi.waitUntil(
    () => {
      if (chromium.exitCode !== null) throw new Error(`Chromium ended with exit code ${chromium.exitCode}: ${said}`);
      return /DevTools listening on ws:\/\/(\S+?)\//.exec(said)?.[1];
    },
    { timeout: 30_000, interval: 20 },
  );
  const response = await fetch(`http://${browser}/json/list`);
  const targets = (await response.json()) as readonly {
    readonly type: string;
    readonly webSocketDebuggerUrl: string;
  }[];
  const page = targets.find(({ type }) => type === 'page');
  if (!page) throw new Error('Chromium has no page');
  return page.webSocketDebuggerUrl;
}

async function end(chromium: ChildProcess, folder: string): Promise<void> {
  const { pid } = chromium;
  // Its helpers write into the folder as long as they live, so that it could not be removed.
  if (pid !== undefined) await vi.waitUntil(() => !signalGroup(pid, 'SIGKILL'), { timeout: 10_000, interval: 20 });
  rmSync(folder, { recursive: true, force: true });
}

/** False when nobody of the group is left. */
function signalGroup(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}
