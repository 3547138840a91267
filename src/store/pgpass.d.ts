/** The reader of password files that pg brings along; it has no types of its own. */
declare module 'pgpass' {
  export default function pgpass(
    wanted: {
      readonly host: string;
      readonly port: number;
      readonly database?: string | undefined;
      readonly user?: string | undefined;
    },
    found: (password: string | undefined) => void,
  ): void;
}
