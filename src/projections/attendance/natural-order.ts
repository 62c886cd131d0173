/**
 * Text that orders as people expect when compared by bytes: `E2` before `E10`. Every run of digits is padded to the same
 * length; longer runs stay as they are.
 */
const DIGITS = 12;

export const naturalKey = (text: string): string => text.replace(/\d+/g, (digits) => digits.padStart(DIGITS, '0'));
