/** `plinth completion`: a script that completes subcommands and options in a shell. */
import { Argument, type Command } from 'commander';
import type { CommandContext } from './host.ts';

/** The words that may follow a command, by the command's words: `config` → check, show, schema. */
export interface Completions {
  readonly path: readonly string[];
  readonly words: readonly { readonly word: string; readonly about: string }[];
}

const shells = {
  bash: { script: bashScript, install: 'eval "$(plinth completion bash)"  in ~/.bashrc' },
  zsh: { script: zshScript, install: 'eval "$(plinth completion zsh)"  in ~/.zshrc' },
  fish: {
    script: fishScript,
    install: 'plinth completion fish | source  in ~/.config/fish/config.fish',
  },
} as const;

export function addCompletion(program: Command, context: CommandContext): void {
  const install = Object.values(shells).map((shell) => `  ${shell.install}`);
  program
    .command('completion')
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(shells)))
    .addHelpText('after', `\nTo use it, put:\n${install.join('\n')}`)
    .action((shell: keyof typeof shells) => {
      context.host.out(shells[shell].script(completionsOf(program)));
    });
}

/** Every command of the program, opened, with what may follow it. */
export function completionsOf(command: Command, path: readonly string[] = []): Completions[] {
  const words = [
    ...command.commands.map((each) => ({ word: each.name(), about: each.description() })),
    ...command.registeredArguments.flatMap((argument) =>
      (argument.argChoices ?? []).map((word) => ({ word, about: argument.description })),
    ),
    ...[
      ...command.options.map((option) => ({ word: option.long ?? '', about: option.description })),
    ],
    { word: '--help', about: 'display help for command' },
  ];
  return [
    { path, words },
    ...command.commands.flatMap((each) => completionsOf(each, [...path, each.name()])),
  ];
}

/** Bash joins the words that are no options and looks the path up; other words complete as files. */
function bashScript(completions: readonly Completions[]): string {
  const cases = completions.map(
    ({ path, words }) =>
      `    ${quoted(path.join(' '))}) words=${quoted(words.map((w) => w.word).join(' '))} ;;`,
  );
  return `_plinth() {
  local path='' word words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    [[ $word == -* ]] || path+="\${path:+ }$word"
  done
  case $path in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _plinth plinth
`;
}

function zshScript(completions: readonly Completions[]): string {
  const cases = completions.map(({ path, words }) => {
    const described = words.map(({ word, about }) =>
      quoted(`${word.replaceAll(':', '\\:')}:${about}`),
    );
    return `    ${quoted(path.join(' '))}) choices=(${described.join(' ')}) ;;`;
  });
  return `#compdef plinth
_plinth() {
  local -a choices
  local line="\${(j: :)\${(@)words[2,CURRENT-1]:#-*}}"
  case $line in
${cases.join('\n')}
  esac
  _describe plinth choices || _files
}
if [ "$funcstack[1]" = "_plinth" ]; then _plinth "$@"; else compdef _plinth plinth; fi
`;
}

function fishScript(completions: readonly Completions[]): string {
  const lines = completions.flatMap(({ path, words }) => {
    const condition = quoted(`__plinth_at ${path.join(' ')}`.trimEnd());
    return words.map(({ word, about }) => {
      const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-f -a ${word}`;
      return `complete -c plinth -n ${condition} ${what} -d ${quoted(about)}`;
    });
  });
  return `function __plinth_at
  set -l words (commandline -opc)
  set -l path (string match -v -- '-*' $words[2..-1])
  test "$path" = "$argv"
end
${lines.join('\n')}
`;
}

/** Single quotes, as all three shells read them. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
