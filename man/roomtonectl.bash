# SPDX-License-Identifier: Apache-2.0
# Completion of roomtonectl in bash: its own --help says what there is, so nothing here can grow old.
_roomtonectl()
{
    local help word=${COMP_WORDS[COMP_CWORD]} before=() i
    help=$(roomtonectl --help 2>/dev/null)
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        --server)
            i=$((i + 1)) # readline cuts an address at its colons
            while [[ ${COMP_WORDS[i + 1]} == : ]]; do i=$((i + 2)); done
            ;;
        --ca) i=$((i + 1)) ;;
        -*) ;;
        *) before+=("${COMP_WORDS[i]}") ;;
        esac
    done
    if [[ $word == -* ]]; then
        # Those of this command, and those of all.
        mapfile -t COMPREPLY < <(compgen -W "--server --ca --json --help --version $(grep -F "  ${before[*]:0:2} " \
            <<<"$help" | grep -o -e '--[a-z-]*')" -- "$word")
        return
    fi
    case ${#before[@]} in
    0) mapfile -t COMPREPLY < <(compgen -W "$(sed -n 's/^  \([a-z]*\) .*/\1/p' <<<"$help")" -- "$word") ;;
    1) mapfile -t COMPREPLY < <(compgen -W "$(sed -n "s/^  ${before[0]} \([a-z-]*\) .*/\1/p" \
        <<<"$help")" -- "$word") ;;
    esac
    [[ ${#COMPREPLY[@]} -gt 0 ]] || mapfile -t COMPREPLY < <(compgen -f -- "$word")
}
complete -F _roomtonectl roomtonectl
