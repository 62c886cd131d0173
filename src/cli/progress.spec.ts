import { expect, it } from 'vitest';
import { amount } from './progress.js';

it.each([
  [1, 'events', '1 event'],
  [20, 'events', '20 events'],
  [0, 'bytes', '0 bytes'],
  [1, 'bytes', '1 byte'],
  [1_023, 'bytes', '1023 bytes'],
  [1_024, 'bytes', '1.0 KiB'],
  [3_565_158, 'bytes', '3.4 MiB'],
  [2 ** 45, 'bytes', '32768.0 GiB'],
])('an amount of %d %s reads %s', (count, unit, text) => {
  expect(amount(count, unit)).toBe(text);
});
