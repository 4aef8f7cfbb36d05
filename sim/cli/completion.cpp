// SPDX-License-Identifier: Apache-2.0
// Completion for shells. The scripts ask the program itself for commands and options, so that they never differ from
// it.
#include <cstdio>

#include "sim/cli/commands.h"
#include "sim/cli/usage.h"

namespace dspmem {
namespace {

// The first words of the lines of 'dspmem --help' that are indented by two are its commands; words that begin with --
// in a command's help are its options.
constexpr const char* bash = R"shell(_dspmem() {
  local current=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "$(dspmem --help | sed -n 's/^  \([a-z]*\) .*/\1/p')" -- "$current"))
  elif [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$(dspmem "$command" --help | grep -o -e '--[a-z-]*' | sort -u)" -- "$current"))
  elif [[ ${COMP_WORDS[COMP_CWORD-1]} == --platform || $command == describe ]]; then
    COMPREPLY=($(compgen -W "$(dspmem platforms | sed -n 's/^\([a-z0-9_]*\) .*/\1/p')" -- "$current") $(compgen -f -- "$current"))
  elif [[ ${COMP_WORDS[COMP_CWORD-1]} == --allocator ]]; then
    COMPREPLY=($(compgen -W "$(dspmem allocators | sed -n 's/^\([a-z0-9_]*\) .*/\1/p')" -- "$current") $(compgen -f -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -o filenames -F _dspmem dspmem
)shell";

constexpr const char* zsh = R"shell(#compdef dspmem
_dspmem() {
  if (( CURRENT == 2 )); then
    compadd -- ${(f)"$(dspmem --help | sed -n 's/^  \([a-z]*\) .*/\1/p')"}
  elif [[ $words[CURRENT] == -* ]]; then
    compadd -- ${(f)"$(dspmem $words[2] --help | grep -o -e '--[a-z-]*' | sort -u)"}
  else
    _files
  fi
}
compdef _dspmem dspmem
)shell";

constexpr const char* fish =
    R"shell(complete -c dspmem -n __fish_use_subcommand -f -a "(dspmem --help | string match -rg '^  ([a-z]+) ')"
complete -c dspmem -n 'not __fish_use_subcommand; and string match -q -- "-*" (commandline -ct)' -f -a "(dspmem (commandline -opc)[2] --help | string match -rag -- '(--[a-z-]+)' | sort -u)"
)shell";

}  // namespace

int completion_command(const std::vector<std::string>& arguments) {
  boost::program_options::options_description options("options");
  boost::program_options::variables_map values;
  if (!parse_arguments(arguments, "completion bash|zsh|fish\n\nbash: eval \"$(dspmem completion bash)\" in ~/.bashrc",
                       options, "shell", values))
    return 0;
  const auto shells =
      values.count("shell") ? values["shell"].as<std::vector<std::string>>() : std::vector<std::string>{};
  if (shells.size() != 1) throw UsageError("completion needs a shell: bash, zsh or fish");
  const std::vector<std::string> known{"bash", "zsh", "fish"};
  const char* const script = shells[0] == "bash"   ? bash
                             : shells[0] == "zsh"  ? zsh
                             : shells[0] == "fish" ? fish
                                                   : nullptr;
  if (!script) throw UsageError("there is no completion for '" + shells[0] + "'" + suggestion(shells[0], known));
  std::fputs(script, stdout);
  return 0;
}

}  // namespace dspmem
