import type { Command, Option } from 'commander';

/** One place in the command tree, for the completion scripts. */
interface Place {
  /** Words after `iu`, joined by a space; empty for `iu` itself. */
  readonly path: string;
  readonly subcommands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly Option[];
  /** Choices of its first argument, if it has any. */
  readonly choices: readonly string[];
}

/** Every visible command of the tree, each with its own and the global options. */
function placesOf(program: Command): Place[] {
  const places: Place[] = [];
  const visit = (command: Command, path: string) => {
    const help = command.createHelp();
    const subcommands = help
      .visibleCommands(command)
      .map((child) => ({ name: child.name(), description: child.description() }));
    const own = help.visibleOptions(command);
    const global = command === program ? [] : program.options.filter((option) => option.long !== '--version');
    const choices = command.registeredArguments[0]?.argChoices ?? [];
    places.push({ path, subcommands, options: [...own, ...global], choices });
    for (const child of command.commands) visit(child, path === '' ? child.name() : `${path} ${child.name()}`);
  };
  visit(program, '');
  return places;
}

const takesValue = (option: Option) => option.required || option.optional;
const longName = (option: Option) => option.long ?? option.flags;

/** Names of all options that are followed by a value, in any command. */
function valueOptions(places: readonly Place[]): string[] {
  const names = places.flatMap((place) => place.options.filter(takesValue).map(longName));
  return [...new Set(names)].sort();
}

function wordsOf(place: Place): string[] {
  return [...place.subcommands.map(({ name }) => name), ...place.choices, ...place.options.map(longName)];
}

/** Where the cursor is: the shared first half of the bash and the zsh function. */
const walk = (places: readonly Place[]) => `
    case "$word" in
      ${valueOptions(places).join('|')}) skip=1; continue ;;
      -*) continue ;;
    esac
    case "\${place:+$place }$word" in
      ${places
        .filter(({ path }) => path !== '')
        .map(({ path }) => `'${path}'`)
        .join('|')}) place="\${place:+$place }$word" ;;
    esac`;

const choiceCases = (places: readonly Place[]) =>
  places.flatMap((place) =>
    place.options
      .filter((option) => option.argChoices !== undefined)
      .map((option) => `    '${place.path} ${longName(option)}') choices='${option.argChoices?.join(' ')}' ;;`),
  );

const wordCases = (places: readonly Place[]) =>
  places.map((place) => `    '${place.path}') choices='${wordsOf(place).join(' ')}' ;;`);

function bashScript(places: readonly Place[]): string {
  return `# bash completion of iu. Use: source <(iu completion bash)
_iu() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} place='' choices='' word skip=0 index
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    if ((skip)); then skip=0; continue; fi${walk(places)}
  done
  case "$place $previous" in
${choiceCases(places).join('\n')}
  esac
  if [[ -z $choices ]]; then
    ((skip)) && return 0
    case "$place" in
${wordCases(places).join('\n')}
    esac
  fi
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$choices" -- "$current")
}
complete -o default -F _iu iu
`;
}

function zshScript(places: readonly Place[]): string {
  return `#compdef iu
# zsh completion of iu. Use: source <(iu completion zsh), or save it as _iu in a folder of $fpath
_iu() {
  local previous=\${words[CURRENT-1]} place='' choices='' word index
  local -i skip=0
  for ((index = 2; index < CURRENT; index++)); do
    word=\${words[index]}
    if ((skip)); then skip=0; continue; fi${walk(places)}
  done
  case "$place $previous" in
${choiceCases(places).join('\n')}
  esac
  if [[ -z $choices ]]; then
    if ((skip)); then _files; return; fi
    case "$place" in
${wordCases(places).join('\n')}
    esac
  fi
  compadd -- \${=choices}
}
if [[ $funcstack[1] == _iu ]]; then _iu "$@"; else compdef _iu iu; fi
`;
}

const fishQuote = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function fishScript(places: readonly Place[]): string {
  const lines = places.flatMap((place) => {
    const here = `complete -c iu -n ${fishQuote(`test (__iu_place) = "${place.path}"`)}`;
    return [
      ...place.subcommands.map(({ name, description }) => `${here} -f -a ${name} -d ${fishQuote(description)}`),
      ...place.choices.map((choice) => `${here} -f -a ${choice}`),
      ...place.options.map((option) => {
        const value = !takesValue(option)
          ? ''
          : option.argChoices === undefined
            ? ' -r'
            : ` -x -a '${option.argChoices.join(' ')}'`;
        return `${here} -l ${longName(option).slice(2)}${value} -d ${fishQuote(option.description)}`;
      }),
    ];
  });
  const paths = places.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`);
  return `# fish completion of iu. Use: iu completion fish | source
function __iu_place
  set -l place ''
  set -l skip 0
  for word in (commandline -opc)[2..-1]
    if test $skip = 1
      set skip 0
      continue
    end
    switch $word
      case ${valueOptions(places).join(' ')}
        set skip 1
      case '-*'
      case '*'
        set -l longer (string trim "$place $word")
        contains -- $longer ${paths.join(' ')}; and set place $longer
    end
  end
  echo "$place"
end
${lines.join('\n')}
`;
}

/** Shells that have a completion script. */
export const completionShells = ['bash', 'zsh', 'fish'] as const;

/** The completion script of a shell, made from the command tree, so that it knows every command and option there is. */
export function completionScript(program: Command, shell: (typeof completionShells)[number]): string {
  const places = placesOf(program);
  if (shell === 'bash') return bashScript(places);
  return shell === 'zsh' ? zshScript(places) : fishScript(places);
}
