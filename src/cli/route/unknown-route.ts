import type { Queryable } from '../../store/listing.js';
import { findRoute } from '../../store/routes.js';
import { printable } from '../printable.js';
import type { Printer } from '../printer.js';

/** An empty list of a misspelt route reads like good news, so it is said. `-` stands for events without a route. */
export async function noteUnknownRoute(
  database: Queryable,
  printer: Printer,
  route: string | undefined,
): Promise<void> {
  if (route === undefined || route === '-' || (await findRoute(database, route)) !== undefined) return;
  printer.note(`there is no route '${printable(route)}' and never was: iu route list`);
}
