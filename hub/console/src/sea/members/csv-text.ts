/** The text of a table that somebody saved: UTF-8, else GB18030 as Chinese spreadsheets write it. @returns null of neither */
export async function csvText(file: Blob): Promise<string | null> {
  const bytes = await file.arrayBuffer();
  for (const encoding of ["utf-8", "gb18030"])
    try {
      // a byte order mark goes with the decoder
      return new TextDecoder(encoding, { fatal: true }).decode(bytes);
    } catch {
      // the next encoding
    }
  return null;
}
