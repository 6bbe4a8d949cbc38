import { Command } from './command';
import { Trouble } from './trouble';

const HELP = `cdktf-django completion bash|zsh|fish

Prints what lets a shell complete commands, options, and the names of stacks and systems, which the engine is asked for. Where cdktf-django is no command of the shell, it makes one, which calls
npx. For this session:

  bash, zsh  source <(npx cdktf-django completion bash)
  fish       npx cdktf-django completion fish | source

For all of them, put that line into ~/.bashrc, ~/.zshrc or ~/.config/fish/config.fish.

  --help  print this
`;

/** The command that the scripts call: the words up to the cursor follow, and each line that comes is a word, a tab, and what it means. */
export const COMPLETE = '__complete';

const SCRIPTS: Record<string, string> = {
  bash: `type cdktf-django >/dev/null 2>&1 || cdktf-django() { npx --no cdktf-django "$@"; }
_cdktf_django() {
  local word line
  word=\${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=()
  while IFS= read -r line; do
    line=\${line%%$'\\t'*}
    [[ $line == "$word"* ]] && COMPREPLY+=("$(printf %q "$line")")
  done < <(cdktf-django ${COMPLETE} "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _cdktf_django cdktf-django
`,
  zsh: `(( $+commands[cdktf-django] )) || cdktf-django() { npx --no cdktf-django "$@"; }
_cdktf_django() {
  local -a found
  local line
  for line in "\${(@f)$(cdktf-django ${COMPLETE} "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] && found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  if (( $#found )); then _describe cdktf-django found; else _files; fi
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
compdef _cdktf_django cdktf-django
`,
  fish: `type -q cdktf-django; or function cdktf-django; npx --no cdktf-django $argv; end
complete --command cdktf-django --no-files --arguments '(set --local words (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token --cut-at-cursor); cdktf-django ${COMPLETE} $words[2..] 2>/dev/null)'
`,
};

export const completion: Command = {
  name: 'completion',
  summary: 'completion for bash, zsh and fish',
  help: HELP,
  run: ([shell, ...more]) => {
    if (shell === '--help') {
      process.stdout.write(HELP);
      return 0;
    }
    if (shell === undefined || more.length > 0 || !Object.hasOwn(SCRIPTS, shell)) {
      throw new Trouble(`say which shell: ${Object.keys(SCRIPTS).join(', ')}; see cdktf-django completion --help`);
    }
    process.stdout.write(SCRIPTS[shell]);
    return 0;
  },
  complete: ({ option, before }) => (option === undefined && before.length === 0 ? Object.keys(SCRIPTS) : []),
};

/** What may stand where the cursor is, each with what it means. The last word is the one that is begun. */
export function completed(commands: readonly Command[], words: readonly string[]): string[] {
  const [name, ...rest] = words;
  if (rest.length === 0) return commands.map((one) => `${one.name}\t${one.summary}`);
  const command = commands.find((one) => one.name === name);
  if (command === undefined) return [];
  const begun = rest[rest.length - 1];
  const before = rest.slice(0, -1);
  const options = optionsOf(command);
  // Behind the first argument of its own, or --, they belong to what is run.
  if (begun.startsWith('-') && !before.includes('--')) return options.map(({ option, means }) => `${option}\t${means}`);
  const previous = options.find(({ option, value }) => value !== undefined && option === before.at(-1));
  const found = command.complete?.({ option: previous?.option, before }) ?? [];
  return found.map((word) => `${word}\t${previous?.value?.toLowerCase() ?? ''}`);
}

/** The options of a command, as its help has them. */
export function optionsOf({ help }: Command): { readonly option: string; readonly value?: string; readonly means: string }[] {
  return [...help.matchAll(/^ {2}(--[a-z-]+)(?: ([A-Z]+))? {2,}(.+)$/gm)].map(([, option, value, means]) => ({ option, value, means }));
}
