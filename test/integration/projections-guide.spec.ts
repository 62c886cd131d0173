/** What docs/projections.md teaches, put into a copy of the sources, compiled, and its spec run as one of ours. */
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import ts from 'typescript';
import { afterAll, describe, expect, it } from 'vitest';
import { scratchFolder } from '../support/scratch-folder.js';

/** A block begins with its path. */
const BLOCK = /^```ts\n\/\/ (\S+)\n(.*?)^```/gms;
const files = [...readFileSync('docs/projections.md', 'utf8').matchAll(BLOCK)].map(([, path = '', text = '']) => ({
  path,
  text,
}));

const folder = scratchFolder('projections-guide');
afterAll(() => rmSync(folder, { recursive: true, force: true }));
for (const part of ['src', 'test/support', 'migrations', 'package.json', 'tsconfig.json']) {
  cpSync(part, join(folder, part), { recursive: true });
}
symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
for (const { path, text } of files) {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

// Its tests become tests of this file.
for (const { path } of files) if (path.endsWith('.spec.ts')) await import(join(folder, path));

describe('the guide to projections', () => {
  it('shows a projection, its list, its queries and its spec', () => {
    expect(files.map(({ path }) => path)).toEqual([
      'src/projections/work/workload.projection.ts',
      'src/projections/work/work.projections.ts',
      'src/projections/work/workload.queries.ts',
      'test/integration/workload.spec.ts',
    ]);
  });

  it('compiles as strictly as the sources do', () => {
    const { options } = ts.parseJsonConfigFileContent(ts.readConfigFile(join(folder, 'tsconfig.json'), (path) => ts.sys.readFile(path)).config, ts.sys, folder); // prettier-ignore
    const program = ts.createProgram(files.map(({ path }) => join(folder, path)), options); // prettier-ignore
    const faults = files.flatMap(({ path }) => {
      const source = program.getSourceFile(join(folder, path));
      return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
        ({ messageText }) => `${path}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
      );
    });
    expect(faults).toEqual([]);
  }, 60_000);
});
