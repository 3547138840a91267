import type pg from 'pg';

/** A unit to be made, with its first version. */
export interface NewUnit {
  readonly canonicalAddress: string;
  readonly title: string;
  /** Byte for byte what the first version says. */
  readonly body: string;
  /** A kind of the vocabulary, such as document, section or preamble. */
  readonly unitKind: string;
  readonly sectionType: string;
  readonly ownerRef: string;
  /** null makes a document. */
  readonly parentAddress: string | null;
}

/** Makes many units in the caller's transaction, parents before children, siblings from left to right; returns their ids. */
export async function createUnits(
  client: pg.ClientBase,
  units: readonly NewUnit[],
  actorRef: string,
): Promise<readonly string[]> {
  const rows = units.map((unit) => ({
    canonical_address: unit.canonicalAddress,
    title: unit.title,
    body: unit.body,
    unit_kind: unit.unitKind,
    section_type: unit.sectionType,
    owner_ref: unit.ownerRef,
    parent_address: unit.parentAddress,
  }));
  const found = await client.query<{ unit_id: string }>(
    'select unit_id from fn_iu_create_many($1, $2) order by ordinal',
    [JSON.stringify(rows), actorRef],
  );
  return found.rows.map((row) => row.unit_id);
}

/** Makes one unit after a sibling (null = as first child); returns its id. */
export async function createUnit(
  client: pg.ClientBase,
  unit: NewUnit,
  afterAddress: string | null,
  actorRef: string,
): Promise<string> {
  const found = await client.query<{ unit_id: string }>(
    `select fn_iu_create($1, $2, $3, $4, $5, $6, $7, $8, p_section_type => $9) ->> 'unit_id' as unit_id`,
    [
      unit.canonicalAddress,
      unit.body,
      actorRef,
      unit.parentAddress,
      unit.unitKind,
      unit.title,
      unit.ownerRef,
      afterAddress ?? '',
      unit.sectionType,
    ],
  );
  return found.rows[0]?.unit_id ?? '';
}

/** Gives a unit its next version and title. */
export async function reviseUnit(
  client: pg.ClientBase,
  canonicalAddress: string,
  text: { readonly body: string; readonly title: string },
  actorRef: string,
  reason: string,
): Promise<void> {
  const values = [canonicalAddress, text.body, actorRef, reason, text.title];
  await client.query('select fn_iu_revise($1, $2, $3, $4, $5)', values);
}

/** Enacts the current version of each unit, in the order given. */
export async function enactUnits(
  client: pg.ClientBase,
  canonicalAddresses: readonly string[],
  actorRef: string,
  reviewDecisionId: string,
  reason: string,
): Promise<void> {
  await client.query(
    'select fn_iu_enact(u.address, $2, $3, p_reason => $4) from unnest($1::text[]) with ordinality as u (address, place) order by u.place',
    [canonicalAddresses, actorRef, reviewDecisionId, reason],
  );
}

/** Ends the life of a unit without living children. */
export async function deprecateUnit(
  client: pg.ClientBase,
  canonicalAddress: string,
  actorRef: string,
  reason: string,
): Promise<void> {
  await client.query('select fn_iu_deprecate($1, $2, $3)', [canonicalAddress, actorRef, reason]);
}
