/** Takes secrets out of a finished log line, whatever field, message or stack they came in by. */

/** `postgres://user:password@host` and the like. */
const URL_CREDENTIALS = /\b([a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/@:"']{0,200}:[^\s/@"']{1,500}@/gi;
/** Any other user-info that stands for a secret: `nats://token@host`. */
const URL_TOKEN = /\b(nats|tls):\/\/[^\s/@:"']{1,500}@/gi;
const BEARER = /\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi;
/** A JSON Web Token: three base64url parts, the first starting with `{"`. */
const JWT = /\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*/g;

export function redact(line: string): string {
  return line
    .replace(URL_CREDENTIALS, '$1***@')
    .replace(URL_TOKEN, '$1://***@')
    .replace(BEARER, '$1 ***')
    .replace(JWT, '***');
}
