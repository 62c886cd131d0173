/**
 * Makes a checkout ready to run: installs packages when they are not those of package-lock.json, builds when a source is
 * newer than the build. Runs before `npm test` and `npm run demo`, so it must do without any dependency itself.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const BUILT = join(root, 'dist', '.built');

checkNode();
if (!isInstalled())
  npm(
    'Installing packages (once, a minute or so) …',
    'ci',
    '--include=dev',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  );
if (!isBuilt()) {
  npm('Building …', 'run', '--silent', 'build');
  writeFileSync(BUILT, '');
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(`TeamPulse needs Node.js 20.19 or newer; this is ${process.versions.node}. See https://nodejs.org`);
  process.exit(1);
}

/** npm notes what it installed in node_modules/.package-lock.json; optional packages of other platforms are not in it. */
function isInstalled() {
  const note = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(note)) return false;
  const installed = JSON.parse(readFileSync(note, 'utf8')).packages;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, { version, optional, devOptional }]) =>
      path === '' || optional || devOptional || installed[path]?.version === version,
  );
}

function isBuilt() {
  if (!existsSync(BUILT)) return false;
  const built = statSync(BUILT).mtimeMs;
  const inputs = ['package-lock.json', 'nest-cli.json', 'tsconfig.json', 'tsconfig.build.json'];
  return [...inputs.map((name) => join(root, name)), ...filesUnder(join(root, 'src'))].every(
    (file) => statSync(file).mtimeMs <= built,
  );
}

/** The folders too: their time moves when a file is added or removed. */
function filesUnder(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? [path, ...filesUnder(path)] : [path];
  });
}

function npm(what, ...args) {
  console.error(what);
  // Output to standard error: standard output belongs to the command this makes ready.
  const { status } = spawnSync('npm', args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (status === 0) return;
  console.error(`\`npm ${args.join(' ')}\` failed, see above. Mend it and run the same command again.`);
  process.exit(1);
}
