// WHATWG calls by `euc-kr` what Korean Windows writes: code page 949, which has every syllable of Hangul. The decoder of Node.js knows those of the old
// standard only, a quarter of them. The others stand around the rows of the standard in the order of Unicode, so no table is needed.

const firstSyllable = 0xac00;
const lastSyllable = 0xd7a3;
/** Lead bytes 81 to A0 have 178 trail bytes of their own, those from A1 on 84: what the standard leaves over. */
const wideLeads = 0x20;
const wideTrails = 178;
const narrowTrails = 84;

/** What the standard got in 1998. */
const laterSigns: Readonly<Record<number, string>> = { 41702: '€', 41703: '®' };

/** Text of bytes in code page 949; `decode` reads what is standard, and raises for what is none. */
export function decodeKorean(bytes: Uint8Array, decode: (bytes: Uint8Array) => string): string {
  let text = '';
  let from = 0;
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at] ?? 0;
    const trail = bytes[at + 1] ?? 0;
    const other =
      lead < 0x81 ? undefined : (otherSyllables(decode)[placeOf(lead, trail)] ?? laterSigns[(lead << 8) | trail]);
    if (other !== undefined) {
      text += decode(bytes.subarray(from, at)) + other;
      from = at + 2;
    }
    at += other !== undefined || (lead > 0xa0 && trail > 0xa0) ? 2 : 1;
  }
  return text + decode(bytes.subarray(from));
}

/** Which one of the syllables that the standard lacks two bytes are; -1 for others. */
function placeOf(lead: number, trail: number): number {
  const trails = lead - 0x81 < wideLeads ? wideTrails : narrowTrails;
  const place = placeOfTrail(trail);
  if (place < 0 || place >= trails) return -1;
  const row = lead - 0x81;
  return row < wideLeads ? row * wideTrails + place : wideLeads * wideTrails + (row - wideLeads) * narrowTrails + place;
}

/** Capitals, then small letters, then what is above 80. */
function placeOfTrail(trail: number): number {
  if (trail >= 0x41 && trail <= 0x5a) return trail - 0x41;
  if (trail >= 0x61 && trail <= 0x7a) return trail - 0x61 + 26;
  return trail >= 0x81 && trail <= 0xfe ? trail - 0x81 + 52 : -1;
}

let found: readonly string[] | null = null;

function otherSyllables(decode: (bytes: Uint8Array) => string): readonly string[] {
  found ??= syllablesBut(new Set(standardSyllables(decode)));
  return found;
}

function syllablesBut(known: ReadonlySet<string>): readonly string[] {
  const all = Array.from({ length: lastSyllable - firstSyllable + 1 }, (_, at) =>
    String.fromCharCode(firstSyllable + at),
  );
  return all.filter((one) => !known.has(one));
}

function standardSyllables(decode: (bytes: Uint8Array) => string): string {
  const pairs: number[] = [];
  for (let lead = 0xb0; lead <= 0xc8; lead++) for (let trail = 0xa1; trail <= 0xfe; trail++) pairs.push(lead, trail);
  return decode(Uint8Array.from(pairs));
}
