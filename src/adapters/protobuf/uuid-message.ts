/** A UUID as EventStoreDB's shared.proto has it. */
import type { ProtoReader } from './proto-reader.js';

/** As text, or as the two halves of its 128 bits, as the sender likes. */
export function uuidIn(message: ProtoReader): string {
  let text = '';
  for (let field = message.next(); field > 0; field = message.next()) {
    if (field === 2) text = message.string();
    else if (field === 1) text = structured(message.message());
    else message.skip();
  }
  return text;
}

function structured(message: ProtoReader): string {
  let most = 0n;
  let least = 0n;
  for (let field = message.next(); field > 0; field = message.next()) {
    if (field === 1) most = message.bigUint();
    else if (field === 2) least = message.bigUint();
    else message.skip();
  }
  const hex = most.toString(16).padStart(16, '0') + least.toString(16).padStart(16, '0');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
