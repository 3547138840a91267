// What people call a piece, and the stable address made of it.

const footnoteMarks = /\[\^[^\]]*\]/g;
/** Art. 4a, § 12bis, Article 5, Điều 3, Section 7.2: the number names the piece, a title after it may change. */
const numberedLabel =
  /^(?:(?:art(?:\.|icles?|ikel)?|sec(?:\.|tion)?|chapter|part|điều|chương|mục|phần)\s*|§+\s*)[0-9]+(?:\.[0-9]+)*\s?(?:[a-z]\b|bis\b|ter\b|quater\b|quinquies\b|sexies\b)?/iu;
const maxSlugLength = 60;

/** A heading's label: without footnote marks and white space, and only the number where the number names it. */
export function labelOf(title: string): string {
  const clean = title
    .replace(footnoteMarks, ' ')
    .replace(/\s+/gu, ' ')
    .replace(/[\s,;]+$/u, '')
    .trim();
  return (numberedLabel.exec(clean)?.[0] ?? clean).trim();
}

/** A label as one segment of an address: lower case, letters and digits of any script joined by `-`. Never empty. */
export function slugOf(label: string): string {
  const folded = label
    .toLowerCase()
    .replace(/ä/g, 'ae')
    .replace(/ö/g, 'oe')
    .replace(/ü/g, 'ue')
    .replace(/ß/g, 'ss')
    .replace(/đ/g, 'd')
    .replace(/§/g, 'par ')
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '');
  const slug = folded.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '');
  const letters = [...slug];
  if (letters.length <= maxSlugLength) return slug || 'untitled';
  const cut = letters.slice(0, maxSlugLength).join('');
  return cut.replace(/-[^-]*$/, '');
}
