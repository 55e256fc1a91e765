// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/g;

/** What a person typed, without control characters and with half surrogate pairs replaced: neither jsonb nor a screen can hold them. */
export function plainText(text: string): string {
  return text.toWellFormed().replaceAll(CONTROL, " ").trim();
}
