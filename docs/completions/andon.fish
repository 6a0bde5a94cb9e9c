# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_andon_global_optspecs
    string join \n context= prom= namespace= env= at= read-only as= keymap= mouse bell title color= theme= reduced-motion ascii slow plain no-clock h/help V/version
end

function __fish_andon_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_andon_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_andon_using_subcommand
    set -l cmd (__fish_andon_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c andon -n "__fish_andon_needs_command" -l context -d 'Look at this context of the kubeconfig; needs no config file' -r
complete -c andon -n "__fish_andon_needs_command" -l prom -d 'A Prometheus beside it' -r
complete -c andon -n "__fish_andon_needs_command" -l namespace -d 'Only this namespace' -r
complete -c andon -n "__fish_andon_needs_command" -l env -d 'Open this environment of the config' -r
complete -c andon -n "__fish_andon_needs_command" -l at -d 'Open at this place: checkout, checkout@eu-1, checkout@eu-1/board' -r
complete -c andon -n "__fish_andon_needs_command" -l as -d 'Who is at the keys, when the account is shared' -r
complete -c andon -n "__fish_andon_needs_command" -l keymap -d 'default, vim, emacs, k9s, or a file of yours' -r
complete -c andon -n "__fish_andon_needs_command" -l color -d 'auto, always, never, 16, 256 or true' -r
complete -c andon -n "__fish_andon_needs_command" -l theme -d 'A shipped theme, or one of yours: default, light, high-contrast, colour-blind, mono' -r
complete -c andon -n "__fish_andon_needs_command" -l read-only -d 'No act at all in this session'
complete -c andon -n "__fish_andon_needs_command" -l mouse -d 'Wheel and select with the mouse; it never acts'
complete -c andon -n "__fish_andon_needs_command" -l bell -d 'Ring once for new trouble, at most every 10 s'
complete -c andon -n "__fish_andon_needs_command" -l title -d 'Name the terminal\'s window: place, arming, how many are worse'
complete -c andon -n "__fish_andon_needs_command" -l reduced-motion -d 'What moves by itself moves in steps of five seconds'
complete -c andon -n "__fish_andon_needs_command" -l ascii -d 'Plain ASCII glyphs'
complete -c andon -n "__fish_andon_needs_command" -l slow -d 'A slow line: at most two frames a second'
complete -c andon -n "__fish_andon_needs_command" -l plain -d 'No screen: one line for each event, acts by typed words (docs/plain.md)'
complete -c andon -n "__fish_andon_needs_command" -l no-clock -d 'No time of day on screen'
complete -c andon -n "__fish_andon_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c andon -n "__fish_andon_needs_command" -s V -l version -d 'Print version'
complete -c andon -n "__fish_andon_needs_command" -f -a "drill" -d 'Play a drill in a simulated world; nothing real is reached'
complete -c andon -n "__fish_andon_needs_command" -f -a "act" -d 'One act without a screen: the same plan, guards, gates and records as in the console'
complete -c andon -n "__fish_andon_needs_command" -f -a "wait" -d 'Wait until a target has settled, or until something else is true of it'
complete -c andon -n "__fish_andon_needs_command" -f -a "status" -d 'What stands now, once: a line a service, or everything as JSON'
complete -c andon -n "__fish_andon_needs_command" -f -a "doctor" -d 'What is missing before an incident: config, sources, rights, and what can be judged of each service'
complete -c andon -n "__fish_andon_needs_command" -f -a "log" -d 'The incident log'
complete -c andon -n "__fish_andon_needs_command" -f -a "report" -d 'Draft a postmortem from the incident log, as Markdown on stdout'
complete -c andon -n "__fish_andon_needs_command" -f -a "runbook" -d 'Runbooks: what there is, one in full, what they lack, a new one'
complete -c andon -n "__fish_andon_needs_command" -f -a "replay" -d 'Play a tape again: the same effects, the same last screen'
complete -c andon -n "__fish_andon_needs_command" -f -a "config" -d 'The files of this user'
complete -c andon -n "__fish_andon_needs_command" -f -a "reset-terminal" -d 'Put this terminal back after a console that was killed'
complete -c andon -n "__fish_andon_needs_command" -f -a "version" -d 'What this program was built from'
complete -c andon -n "__fish_andon_needs_command" -f -a "completions" -d 'A completion script for a shell, on stdout'
complete -c andon -n "__fish_andon_needs_command" -f -a "man" -d 'A manual page, on stdout: `andon man log tail | man -l -`'
complete -c andon -n "__fish_andon_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c andon -n "__fish_andon_using_subcommand drill; and not __fish_seen_subcommand_from list show run score check help" -l speed -d 'World seconds a second, 1 to 60' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and not __fish_seen_subcommand_from list show run score check help" -l seed -d 'The same seed plays the same drill' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and not __fish_seen_subcommand_from list show run score check help" -l services-of -d 'Play it with the services and runbooks of this environment; their telemetry is simulated' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and not __fish_seen_subcommand_from list show run score check help" -l at -d 'Open at this place: checkout, checkout@eu-1, checkout@eu-1/board' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and not __fish_seen_subcommand_from list show run score check help" -l as -d 'Who is at the keys, when the account is shared' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and not __fish_seen_subcommand_from list show run score check help" -l keymap -d 'default, vim, emacs, k9s, or a file of yours' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and not __fish_seen_subcommand_from list show run score check help" -l color -d 'auto, always, never, 16, 256 or true' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and not __fish_seen_subcommand_from list show run score check help" -l theme -d 'A shipped theme, or one of yours: default, light, high-contrast, colour-blind, mono' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and not __fish_seen_subcommand_from list show run score check help" -l read-only -d 'No act at all in this session'
complete -c andon -n "__fish_andon_using_subcommand drill; and not __fish_seen_subcommand_from list show run score check help" -l mouse -d 'Wheel and select with the mouse; it never acts'
complete -c andon -n "__fish_andon_using_subcommand drill; and not __fish_seen_subcommand_from list show run score check help" -l bell -d 'Ring once for new trouble, at most every 10 s'
complete -c andon -n "__fish_andon_using_subcommand drill; and not __fish_seen_subcommand_from list show run score check help" -l title -d 'Name the terminal\'s window: place, arming, how many are worse'
complete -c andon -n "__fish_andon_using_subcommand drill; and not __fish_seen_subcommand_from list show run score check help" -l reduced-motion -d 'What moves by itself moves in steps of five seconds'
complete -c andon -n "__fish_andon_using_subcommand drill; and not __fish_seen_subcommand_from list show run score check help" -l ascii -d 'Plain ASCII glyphs'
complete -c andon -n "__fish_andon_using_subcommand drill; and not __fish_seen_subcommand_from list show run score check help" -l slow -d 'A slow line: at most two frames a second'
complete -c andon -n "__fish_andon_using_subcommand drill; and not __fish_seen_subcommand_from list show run score check help" -l plain -d 'No screen: one line for each event, acts by typed words (docs/plain.md)'
complete -c andon -n "__fish_andon_using_subcommand drill; and not __fish_seen_subcommand_from list show run score check help" -l no-clock -d 'No time of day on screen'
complete -c andon -n "__fish_andon_using_subcommand drill; and not __fish_seen_subcommand_from list show run score check help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c andon -n "__fish_andon_using_subcommand drill; and not __fish_seen_subcommand_from list show run score check help" -a "list" -d 'What there is to play'
complete -c andon -n "__fish_andon_using_subcommand drill; and not __fish_seen_subcommand_from list show run score check help" -a "show" -d 'What a scenario is about, for who plays it; with --notes for who leads it'
complete -c andon -n "__fish_andon_using_subcommand drill; and not __fish_seen_subcommand_from list show run score check help" -a "run" -d 'Play one: on the screen, or headless with keys from a file'
complete -c andon -n "__fish_andon_using_subcommand drill; and not __fish_seen_subcommand_from list show run score check help" -a "score" -d 'What a run was worth, line by line'
complete -c andon -n "__fish_andon_using_subcommand drill; and not __fish_seen_subcommand_from list show run score check help" -a "check" -d 'Are these scenario files right?'
complete -c andon -n "__fish_andon_using_subcommand drill; and not __fish_seen_subcommand_from list show run score check help" -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from list" -l at -d 'Open at this place: checkout, checkout@eu-1, checkout@eu-1/board' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from list" -l as -d 'Who is at the keys, when the account is shared' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from list" -l keymap -d 'default, vim, emacs, k9s, or a file of yours' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from list" -l color -d 'auto, always, never, 16, 256 or true' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from list" -l theme -d 'A shipped theme, or one of yours: default, light, high-contrast, colour-blind, mono' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from list" -l json -d 'As JSON'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from list" -l read-only -d 'No act at all in this session'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from list" -l mouse -d 'Wheel and select with the mouse; it never acts'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from list" -l bell -d 'Ring once for new trouble, at most every 10 s'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from list" -l title -d 'Name the terminal\'s window: place, arming, how many are worse'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from list" -l reduced-motion -d 'What moves by itself moves in steps of five seconds'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from list" -l ascii -d 'Plain ASCII glyphs'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from list" -l slow -d 'A slow line: at most two frames a second'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from list" -l plain -d 'No screen: one line for each event, acts by typed words (docs/plain.md)'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from list" -l no-clock -d 'No time of day on screen'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from show" -l at -d 'Open at this place: checkout, checkout@eu-1, checkout@eu-1/board' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from show" -l as -d 'Who is at the keys, when the account is shared' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from show" -l keymap -d 'default, vim, emacs, k9s, or a file of yours' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from show" -l color -d 'auto, always, never, 16, 256 or true' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from show" -l theme -d 'A shipped theme, or one of yours: default, light, high-contrast, colour-blind, mono' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from show" -l notes -d 'Faults, notes and what good looks like: not for who plays'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from show" -l read-only -d 'No act at all in this session'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from show" -l mouse -d 'Wheel and select with the mouse; it never acts'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from show" -l bell -d 'Ring once for new trouble, at most every 10 s'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from show" -l title -d 'Name the terminal\'s window: place, arming, how many are worse'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from show" -l reduced-motion -d 'What moves by itself moves in steps of five seconds'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from show" -l ascii -d 'Plain ASCII glyphs'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from show" -l slow -d 'A slow line: at most two frames a second'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from show" -l plain -d 'No screen: one line for each event, acts by typed words (docs/plain.md)'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from show" -l no-clock -d 'No time of day on screen'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from run" -l speed -d 'World seconds a second, 1 to 60' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from run" -l seed -d 'The same seed plays the same drill' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from run" -l services-of -d 'Play it with the services and runbooks of this environment; their telemetry is simulated' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from run" -l keys -d 'Keys and when they are pressed, by both clocks; no screen' -r -F
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from run" -l at -d 'Open at this place: checkout, checkout@eu-1, checkout@eu-1/board' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from run" -l as -d 'Who is at the keys, when the account is shared' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from run" -l keymap -d 'default, vim, emacs, k9s, or a file of yours' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from run" -l color -d 'auto, always, never, 16, 256 or true' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from run" -l theme -d 'A shipped theme, or one of yours: default, light, high-contrast, colour-blind, mono' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from run" -l json -d 'The outcome as JSON; needs --keys'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from run" -l read-only -d 'No act at all in this session'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from run" -l mouse -d 'Wheel and select with the mouse; it never acts'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from run" -l bell -d 'Ring once for new trouble, at most every 10 s'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from run" -l title -d 'Name the terminal\'s window: place, arming, how many are worse'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from run" -l reduced-motion -d 'What moves by itself moves in steps of five seconds'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from run" -l ascii -d 'Plain ASCII glyphs'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from run" -l slow -d 'A slow line: at most two frames a second'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from run" -l plain -d 'No screen: one line for each event, acts by typed words (docs/plain.md)'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from run" -l no-clock -d 'No time of day on screen'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from run" -s h -l help -d 'Print help'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from score" -l search -d 'Look for the best possible play of a scenario, or of all, by playing many' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from score" -l at -d 'Open at this place: checkout, checkout@eu-1, checkout@eu-1/board' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from score" -l as -d 'Who is at the keys, when the account is shared' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from score" -l keymap -d 'default, vim, emacs, k9s, or a file of yours' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from score" -l color -d 'auto, always, never, 16, 256 or true' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from score" -l theme -d 'A shipped theme, or one of yours: default, light, high-contrast, colour-blind, mono' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from score" -l json -d 'As JSON'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from score" -l read-only -d 'No act at all in this session'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from score" -l mouse -d 'Wheel and select with the mouse; it never acts'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from score" -l bell -d 'Ring once for new trouble, at most every 10 s'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from score" -l title -d 'Name the terminal\'s window: place, arming, how many are worse'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from score" -l reduced-motion -d 'What moves by itself moves in steps of five seconds'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from score" -l ascii -d 'Plain ASCII glyphs'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from score" -l slow -d 'A slow line: at most two frames a second'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from score" -l plain -d 'No screen: one line for each event, acts by typed words (docs/plain.md)'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from score" -l no-clock -d 'No time of day on screen'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from score" -s h -l help -d 'Print help'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from check" -l at -d 'Open at this place: checkout, checkout@eu-1, checkout@eu-1/board' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from check" -l as -d 'Who is at the keys, when the account is shared' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from check" -l keymap -d 'default, vim, emacs, k9s, or a file of yours' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from check" -l color -d 'auto, always, never, 16, 256 or true' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from check" -l theme -d 'A shipped theme, or one of yours: default, light, high-contrast, colour-blind, mono' -r
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from check" -l read-only -d 'No act at all in this session'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from check" -l mouse -d 'Wheel and select with the mouse; it never acts'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from check" -l bell -d 'Ring once for new trouble, at most every 10 s'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from check" -l title -d 'Name the terminal\'s window: place, arming, how many are worse'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from check" -l reduced-motion -d 'What moves by itself moves in steps of five seconds'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from check" -l ascii -d 'Plain ASCII glyphs'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from check" -l slow -d 'A slow line: at most two frames a second'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from check" -l plain -d 'No screen: one line for each event, acts by typed words (docs/plain.md)'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from check" -l no-clock -d 'No time of day on screen'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from help" -f -a "list" -d 'What there is to play'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from help" -f -a "show" -d 'What a scenario is about, for who plays it; with --notes for who leads it'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from help" -f -a "run" -d 'Play one: on the screen, or headless with keys from a file'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from help" -f -a "score" -d 'What a run was worth, line by line'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from help" -f -a "check" -d 'Are these scenario files right?'
complete -c andon -n "__fish_andon_using_subcommand drill; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c andon -n "__fish_andon_using_subcommand act" -l expect -d 'The candidate you saw, version or hash; another one is another target' -r
complete -c andon -n "__fish_andon_using_subcommand act" -l to -d 'Roll back to this version or hash, not to the one before' -r
complete -c andon -n "__fish_andon_using_subcommand act" -l name -d 'The name, where one is due' -r
complete -c andon -n "__fish_andon_using_subcommand act" -l reason -d 'Why; kept as a note' -r
complete -c andon -n "__fish_andon_using_subcommand act" -l until -d 'End well once it is so far' -r -f -a "accepted\t''
seen\t''
settled\t''"
complete -c andon -n "__fish_andon_using_subcommand act" -l env -d 'This environment of the config; default: the only one' -r
complete -c andon -n "__fish_andon_using_subcommand act" -l context -d 'This context of the kubeconfig; needs no config file' -r
complete -c andon -n "__fish_andon_using_subcommand act" -l prom -d 'A Prometheus beside it' -r
complete -c andon -n "__fish_andon_using_subcommand act" -l namespace -d 'Only this namespace' -r
complete -c andon -n "__fish_andon_using_subcommand act" -l drill -d 'A drill\'s simulated world, from its beginning' -r
complete -c andon -n "__fish_andon_using_subcommand act" -l at -d 'Open at this place: checkout, checkout@eu-1, checkout@eu-1/board' -r
complete -c andon -n "__fish_andon_using_subcommand act" -l as -d 'Who is at the keys, when the account is shared' -r
complete -c andon -n "__fish_andon_using_subcommand act" -l keymap -d 'default, vim, emacs, k9s, or a file of yours' -r
complete -c andon -n "__fish_andon_using_subcommand act" -l color -d 'auto, always, never, 16, 256 or true' -r
complete -c andon -n "__fish_andon_using_subcommand act" -l theme -d 'A shipped theme, or one of yours: default, light, high-contrast, colour-blind, mono' -r
complete -c andon -n "__fish_andon_using_subcommand act" -l yes -d 'Confirms: without it nothing is sent'
complete -c andon -n "__fish_andon_using_subcommand act" -l armed -d 'Arms this one command, for an act that goes forward'
complete -c andon -n "__fish_andon_using_subcommand act" -l emergency -d 'Promote past gates that block: needs --reason and --name, and owes four debts'
complete -c andon -n "__fish_andon_using_subcommand act" -l dry-run -d 'Print the plan, its requests, gates and readiness; send nothing'
complete -c andon -n "__fish_andon_using_subcommand act" -l read-only -d 'No act at all in this session'
complete -c andon -n "__fish_andon_using_subcommand act" -l mouse -d 'Wheel and select with the mouse; it never acts'
complete -c andon -n "__fish_andon_using_subcommand act" -l bell -d 'Ring once for new trouble, at most every 10 s'
complete -c andon -n "__fish_andon_using_subcommand act" -l title -d 'Name the terminal\'s window: place, arming, how many are worse'
complete -c andon -n "__fish_andon_using_subcommand act" -l reduced-motion -d 'What moves by itself moves in steps of five seconds'
complete -c andon -n "__fish_andon_using_subcommand act" -l ascii -d 'Plain ASCII glyphs'
complete -c andon -n "__fish_andon_using_subcommand act" -l slow -d 'A slow line: at most two frames a second'
complete -c andon -n "__fish_andon_using_subcommand act" -l plain -d 'No screen: one line for each event, acts by typed words (docs/plain.md)'
complete -c andon -n "__fish_andon_using_subcommand act" -l no-clock -d 'No time of day on screen'
complete -c andon -n "__fish_andon_using_subcommand act" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c andon -n "__fish_andon_using_subcommand wait" -l until -d 'settled, moving, held, gate, aborted, degraded, worse, higher, same, better, runs=VERSION; default: settled' -r
complete -c andon -n "__fish_andon_using_subcommand wait" -l timeout -d 'Give up after this: 90s, 10m, 2h' -r
complete -c andon -n "__fish_andon_using_subcommand wait" -l env -d 'This environment of the config; default: the only one' -r
complete -c andon -n "__fish_andon_using_subcommand wait" -l context -d 'This context of the kubeconfig; needs no config file' -r
complete -c andon -n "__fish_andon_using_subcommand wait" -l prom -d 'A Prometheus beside it' -r
complete -c andon -n "__fish_andon_using_subcommand wait" -l namespace -d 'Only this namespace' -r
complete -c andon -n "__fish_andon_using_subcommand wait" -l drill -d 'A drill\'s simulated world, from its beginning' -r
complete -c andon -n "__fish_andon_using_subcommand wait" -l at -d 'Open at this place: checkout, checkout@eu-1, checkout@eu-1/board' -r
complete -c andon -n "__fish_andon_using_subcommand wait" -l as -d 'Who is at the keys, when the account is shared' -r
complete -c andon -n "__fish_andon_using_subcommand wait" -l keymap -d 'default, vim, emacs, k9s, or a file of yours' -r
complete -c andon -n "__fish_andon_using_subcommand wait" -l color -d 'auto, always, never, 16, 256 or true' -r
complete -c andon -n "__fish_andon_using_subcommand wait" -l theme -d 'A shipped theme, or one of yours: default, light, high-contrast, colour-blind, mono' -r
complete -c andon -n "__fish_andon_using_subcommand wait" -l read-only -d 'No act at all in this session'
complete -c andon -n "__fish_andon_using_subcommand wait" -l mouse -d 'Wheel and select with the mouse; it never acts'
complete -c andon -n "__fish_andon_using_subcommand wait" -l bell -d 'Ring once for new trouble, at most every 10 s'
complete -c andon -n "__fish_andon_using_subcommand wait" -l title -d 'Name the terminal\'s window: place, arming, how many are worse'
complete -c andon -n "__fish_andon_using_subcommand wait" -l reduced-motion -d 'What moves by itself moves in steps of five seconds'
complete -c andon -n "__fish_andon_using_subcommand wait" -l ascii -d 'Plain ASCII glyphs'
complete -c andon -n "__fish_andon_using_subcommand wait" -l slow -d 'A slow line: at most two frames a second'
complete -c andon -n "__fish_andon_using_subcommand wait" -l plain -d 'No screen: one line for each event, acts by typed words (docs/plain.md)'
complete -c andon -n "__fish_andon_using_subcommand wait" -l no-clock -d 'No time of day on screen'
complete -c andon -n "__fish_andon_using_subcommand wait" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c andon -n "__fish_andon_using_subcommand status" -l env -d 'This environment of the config; default: the only one' -r
complete -c andon -n "__fish_andon_using_subcommand status" -l context -d 'This context of the kubeconfig; needs no config file' -r
complete -c andon -n "__fish_andon_using_subcommand status" -l prom -d 'A Prometheus beside it' -r
complete -c andon -n "__fish_andon_using_subcommand status" -l namespace -d 'Only this namespace' -r
complete -c andon -n "__fish_andon_using_subcommand status" -l drill -d 'A drill\'s simulated world, from its beginning' -r
complete -c andon -n "__fish_andon_using_subcommand status" -l at -d 'Open at this place: checkout, checkout@eu-1, checkout@eu-1/board' -r
complete -c andon -n "__fish_andon_using_subcommand status" -l as -d 'Who is at the keys, when the account is shared' -r
complete -c andon -n "__fish_andon_using_subcommand status" -l keymap -d 'default, vim, emacs, k9s, or a file of yours' -r
complete -c andon -n "__fish_andon_using_subcommand status" -l color -d 'auto, always, never, 16, 256 or true' -r
complete -c andon -n "__fish_andon_using_subcommand status" -l theme -d 'A shipped theme, or one of yours: default, light, high-contrast, colour-blind, mono' -r
complete -c andon -n "__fish_andon_using_subcommand status" -l json -d 'Every source, service and target, with ages and verdicts'
complete -c andon -n "__fish_andon_using_subcommand status" -l read-only -d 'No act at all in this session'
complete -c andon -n "__fish_andon_using_subcommand status" -l mouse -d 'Wheel and select with the mouse; it never acts'
complete -c andon -n "__fish_andon_using_subcommand status" -l bell -d 'Ring once for new trouble, at most every 10 s'
complete -c andon -n "__fish_andon_using_subcommand status" -l title -d 'Name the terminal\'s window: place, arming, how many are worse'
complete -c andon -n "__fish_andon_using_subcommand status" -l reduced-motion -d 'What moves by itself moves in steps of five seconds'
complete -c andon -n "__fish_andon_using_subcommand status" -l ascii -d 'Plain ASCII glyphs'
complete -c andon -n "__fish_andon_using_subcommand status" -l slow -d 'A slow line: at most two frames a second'
complete -c andon -n "__fish_andon_using_subcommand status" -l plain -d 'No screen: one line for each event, acts by typed words (docs/plain.md)'
complete -c andon -n "__fish_andon_using_subcommand status" -l no-clock -d 'No time of day on screen'
complete -c andon -n "__fish_andon_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c andon -n "__fish_andon_using_subcommand doctor" -l env -d 'This environment of the config; default: the only one' -r
complete -c andon -n "__fish_andon_using_subcommand doctor" -l context -d 'This context of the kubeconfig; needs no config file' -r
complete -c andon -n "__fish_andon_using_subcommand doctor" -l prom -d 'A Prometheus beside it' -r
complete -c andon -n "__fish_andon_using_subcommand doctor" -l namespace -d 'Only this namespace' -r
complete -c andon -n "__fish_andon_using_subcommand doctor" -l drill -d 'A drill\'s simulated world, from its beginning' -r
complete -c andon -n "__fish_andon_using_subcommand doctor" -l at -d 'Open at this place: checkout, checkout@eu-1, checkout@eu-1/board' -r
complete -c andon -n "__fish_andon_using_subcommand doctor" -l as -d 'Who is at the keys, when the account is shared' -r
complete -c andon -n "__fish_andon_using_subcommand doctor" -l keymap -d 'default, vim, emacs, k9s, or a file of yours' -r
complete -c andon -n "__fish_andon_using_subcommand doctor" -l color -d 'auto, always, never, 16, 256 or true' -r
complete -c andon -n "__fish_andon_using_subcommand doctor" -l theme -d 'A shipped theme, or one of yours: default, light, high-contrast, colour-blind, mono' -r
complete -c andon -n "__fish_andon_using_subcommand doctor" -l json -d 'As JSON'
complete -c andon -n "__fish_andon_using_subcommand doctor" -l read-only -d 'No act at all in this session'
complete -c andon -n "__fish_andon_using_subcommand doctor" -l mouse -d 'Wheel and select with the mouse; it never acts'
complete -c andon -n "__fish_andon_using_subcommand doctor" -l bell -d 'Ring once for new trouble, at most every 10 s'
complete -c andon -n "__fish_andon_using_subcommand doctor" -l title -d 'Name the terminal\'s window: place, arming, how many are worse'
complete -c andon -n "__fish_andon_using_subcommand doctor" -l reduced-motion -d 'What moves by itself moves in steps of five seconds'
complete -c andon -n "__fish_andon_using_subcommand doctor" -l ascii -d 'Plain ASCII glyphs'
complete -c andon -n "__fish_andon_using_subcommand doctor" -l slow -d 'A slow line: at most two frames a second'
complete -c andon -n "__fish_andon_using_subcommand doctor" -l plain -d 'No screen: one line for each event, acts by typed words (docs/plain.md)'
complete -c andon -n "__fish_andon_using_subcommand doctor" -l no-clock -d 'No time of day on screen'
complete -c andon -n "__fish_andon_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c andon -n "__fish_andon_using_subcommand log; and not __fish_seen_subcommand_from tail show export replay verify help" -l at -d 'Open at this place: checkout, checkout@eu-1, checkout@eu-1/board' -r
complete -c andon -n "__fish_andon_using_subcommand log; and not __fish_seen_subcommand_from tail show export replay verify help" -l as -d 'Who is at the keys, when the account is shared' -r
complete -c andon -n "__fish_andon_using_subcommand log; and not __fish_seen_subcommand_from tail show export replay verify help" -l keymap -d 'default, vim, emacs, k9s, or a file of yours' -r
complete -c andon -n "__fish_andon_using_subcommand log; and not __fish_seen_subcommand_from tail show export replay verify help" -l color -d 'auto, always, never, 16, 256 or true' -r
complete -c andon -n "__fish_andon_using_subcommand log; and not __fish_seen_subcommand_from tail show export replay verify help" -l theme -d 'A shipped theme, or one of yours: default, light, high-contrast, colour-blind, mono' -r
complete -c andon -n "__fish_andon_using_subcommand log; and not __fish_seen_subcommand_from tail show export replay verify help" -l read-only -d 'No act at all in this session'
complete -c andon -n "__fish_andon_using_subcommand log; and not __fish_seen_subcommand_from tail show export replay verify help" -l mouse -d 'Wheel and select with the mouse; it never acts'
complete -c andon -n "__fish_andon_using_subcommand log; and not __fish_seen_subcommand_from tail show export replay verify help" -l bell -d 'Ring once for new trouble, at most every 10 s'
complete -c andon -n "__fish_andon_using_subcommand log; and not __fish_seen_subcommand_from tail show export replay verify help" -l title -d 'Name the terminal\'s window: place, arming, how many are worse'
complete -c andon -n "__fish_andon_using_subcommand log; and not __fish_seen_subcommand_from tail show export replay verify help" -l reduced-motion -d 'What moves by itself moves in steps of five seconds'
complete -c andon -n "__fish_andon_using_subcommand log; and not __fish_seen_subcommand_from tail show export replay verify help" -l ascii -d 'Plain ASCII glyphs'
complete -c andon -n "__fish_andon_using_subcommand log; and not __fish_seen_subcommand_from tail show export replay verify help" -l slow -d 'A slow line: at most two frames a second'
complete -c andon -n "__fish_andon_using_subcommand log; and not __fish_seen_subcommand_from tail show export replay verify help" -l plain -d 'No screen: one line for each event, acts by typed words (docs/plain.md)'
complete -c andon -n "__fish_andon_using_subcommand log; and not __fish_seen_subcommand_from tail show export replay verify help" -l no-clock -d 'No time of day on screen'
complete -c andon -n "__fish_andon_using_subcommand log; and not __fish_seen_subcommand_from tail show export replay verify help" -s h -l help -d 'Print help'
complete -c andon -n "__fish_andon_using_subcommand log; and not __fish_seen_subcommand_from tail show export replay verify help" -f -a "tail" -d 'The newest lines'
complete -c andon -n "__fish_andon_using_subcommand log; and not __fish_seen_subcommand_from tail show export replay verify help" -f -a "show" -d 'Whole records: every member, requests, answers, what was seen'
complete -c andon -n "__fish_andon_using_subcommand log; and not __fish_seen_subcommand_from tail show export replay verify help" -f -a "export" -d 'The log for other programs and other people, with the head of every file it rests on'
complete -c andon -n "__fish_andon_using_subcommand log; and not __fish_seen_subcommand_from tail show export replay verify help" -f -a "replay" -d 'A log as a timeline on the real screens: nothing is asked, done or written'
complete -c andon -n "__fish_andon_using_subcommand log; and not __fish_seen_subcommand_from tail show export replay verify help" -f -a "verify" -d 'Check the chain of log files, or of all in a directory'
complete -c andon -n "__fish_andon_using_subcommand log; and not __fish_seen_subcommand_from tail show export replay verify help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from tail" -s n -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from tail" -l dir -d 'A log directory; default: that of the environment' -r -F
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from tail" -l env -d 'The environment; default: whichever was written to last' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from tail" -l at -d 'Open at this place: checkout, checkout@eu-1, checkout@eu-1/board' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from tail" -l as -d 'Who is at the keys, when the account is shared' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from tail" -l keymap -d 'default, vim, emacs, k9s, or a file of yours' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from tail" -l color -d 'auto, always, never, 16, 256 or true' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from tail" -l theme -d 'A shipped theme, or one of yours: default, light, high-contrast, colour-blind, mono' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from tail" -s f -l follow -d 'Go on with new ones as they are written, of all sessions'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from tail" -l read-only -d 'No act at all in this session'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from tail" -l mouse -d 'Wheel and select with the mouse; it never acts'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from tail" -l bell -d 'Ring once for new trouble, at most every 10 s'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from tail" -l title -d 'Name the terminal\'s window: place, arming, how many are worse'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from tail" -l reduced-motion -d 'What moves by itself moves in steps of five seconds'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from tail" -l ascii -d 'Plain ASCII glyphs'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from tail" -l slow -d 'A slow line: at most two frames a second'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from tail" -l plain -d 'No screen: one line for each event, acts by typed words (docs/plain.md)'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from tail" -l no-clock -d 'No time of day on screen'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from tail" -s h -l help -d 'Print help'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from show" -l incident -d 'Only this incident: its own records, and all written while it was open' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from show" -l session -d 'Only this session: its name, or its last four letters' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from show" -l since -d 'From this time on: RFC 3339, 2026-11-21, "2026-11-21 03:14", or 03:14 of the last day in the log; UTC' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from show" -l until -d 'Up to this time; a day includes all of it' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from show" -l kind -d 'Only records of this kind; may be given several times, or with commas' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from show" -l target -d 'Only records about this target' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from show" -l act -d 'Only the records of this act, by its number in its session' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from show" -l dir -d 'A log directory; default: that of the environment' -r -F
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from show" -l env -d 'The environment; default: whichever was written to last' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from show" -l at -d 'Open at this place: checkout, checkout@eu-1, checkout@eu-1/board' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from show" -l as -d 'Who is at the keys, when the account is shared' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from show" -l keymap -d 'default, vim, emacs, k9s, or a file of yours' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from show" -l color -d 'auto, always, never, 16, 256 or true' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from show" -l theme -d 'A shipped theme, or one of yours: default, light, high-contrast, colour-blind, mono' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from show" -l read-only -d 'No act at all in this session'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from show" -l mouse -d 'Wheel and select with the mouse; it never acts'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from show" -l bell -d 'Ring once for new trouble, at most every 10 s'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from show" -l title -d 'Name the terminal\'s window: place, arming, how many are worse'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from show" -l reduced-motion -d 'What moves by itself moves in steps of five seconds'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from show" -l ascii -d 'Plain ASCII glyphs'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from show" -l slow -d 'A slow line: at most two frames a second'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from show" -l plain -d 'No screen: one line for each event, acts by typed words (docs/plain.md)'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from show" -l no-clock -d 'No time of day on screen'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from export" -l format -r -f -a "json\t'One object, records verbatim'
csv\t'For a spreadsheet'
md\t'Markdown'
html\t'One page, no network needed'"
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from export" -s o -l output -d 'Into this file; default: stdout' -r -F
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from export" -l incident -d 'Only this incident: its own records, and all written while it was open' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from export" -l session -d 'Only this session: its name, or its last four letters' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from export" -l since -d 'From this time on: RFC 3339, 2026-11-21, "2026-11-21 03:14", or 03:14 of the last day in the log; UTC' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from export" -l until -d 'Up to this time; a day includes all of it' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from export" -l kind -d 'Only records of this kind; may be given several times, or with commas' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from export" -l target -d 'Only records about this target' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from export" -l act -d 'Only the records of this act, by its number in its session' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from export" -l dir -d 'A log directory; default: that of the environment' -r -F
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from export" -l env -d 'The environment; default: whichever was written to last' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from export" -l at -d 'Open at this place: checkout, checkout@eu-1, checkout@eu-1/board' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from export" -l as -d 'Who is at the keys, when the account is shared' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from export" -l keymap -d 'default, vim, emacs, k9s, or a file of yours' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from export" -l color -d 'auto, always, never, 16, 256 or true' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from export" -l theme -d 'A shipped theme, or one of yours: default, light, high-contrast, colour-blind, mono' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from export" -l read-only -d 'No act at all in this session'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from export" -l mouse -d 'Wheel and select with the mouse; it never acts'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from export" -l bell -d 'Ring once for new trouble, at most every 10 s'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from export" -l title -d 'Name the terminal\'s window: place, arming, how many are worse'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from export" -l reduced-motion -d 'What moves by itself moves in steps of five seconds'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from export" -l ascii -d 'Plain ASCII glyphs'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from export" -l slow -d 'A slow line: at most two frames a second'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from export" -l plain -d 'No screen: one line for each event, acts by typed words (docs/plain.md)'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from export" -l no-clock -d 'No time of day on screen'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from replay" -l incident -d 'From the beginning of this incident to its end' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from replay" -l speed -d 'Log seconds a second, 1 to 60' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from replay" -l since -d 'What came before is there at once' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from replay" -l until -d 'It ends here' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from replay" -l dir -d 'A log directory; default: that of the environment' -r -F
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from replay" -l env -d 'The environment; default: whichever was written to last' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from replay" -l at -d 'Open at this place: checkout, checkout@eu-1, checkout@eu-1/board' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from replay" -l as -d 'Who is at the keys, when the account is shared' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from replay" -l keymap -d 'default, vim, emacs, k9s, or a file of yours' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from replay" -l color -d 'auto, always, never, 16, 256 or true' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from replay" -l theme -d 'A shipped theme, or one of yours: default, light, high-contrast, colour-blind, mono' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from replay" -l read-only -d 'No act at all in this session'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from replay" -l mouse -d 'Wheel and select with the mouse; it never acts'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from replay" -l bell -d 'Ring once for new trouble, at most every 10 s'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from replay" -l title -d 'Name the terminal\'s window: place, arming, how many are worse'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from replay" -l reduced-motion -d 'What moves by itself moves in steps of five seconds'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from replay" -l ascii -d 'Plain ASCII glyphs'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from replay" -l slow -d 'A slow line: at most two frames a second'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from replay" -l plain -d 'No screen: one line for each event, acts by typed words (docs/plain.md)'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from replay" -l no-clock -d 'No time of day on screen'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from replay" -s h -l help -d 'Print help'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from verify" -l dir -d 'A log directory; default: that of the environment' -r -F
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from verify" -l env -d 'The environment; default: whichever was written to last' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from verify" -l at -d 'Open at this place: checkout, checkout@eu-1, checkout@eu-1/board' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from verify" -l as -d 'Who is at the keys, when the account is shared' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from verify" -l keymap -d 'default, vim, emacs, k9s, or a file of yours' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from verify" -l color -d 'auto, always, never, 16, 256 or true' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from verify" -l theme -d 'A shipped theme, or one of yours: default, light, high-contrast, colour-blind, mono' -r
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from verify" -l read-only -d 'No act at all in this session'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from verify" -l mouse -d 'Wheel and select with the mouse; it never acts'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from verify" -l bell -d 'Ring once for new trouble, at most every 10 s'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from verify" -l title -d 'Name the terminal\'s window: place, arming, how many are worse'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from verify" -l reduced-motion -d 'What moves by itself moves in steps of five seconds'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from verify" -l ascii -d 'Plain ASCII glyphs'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from verify" -l slow -d 'A slow line: at most two frames a second'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from verify" -l plain -d 'No screen: one line for each event, acts by typed words (docs/plain.md)'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from verify" -l no-clock -d 'No time of day on screen'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from help" -f -a "tail" -d 'The newest lines'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from help" -f -a "show" -d 'Whole records: every member, requests, answers, what was seen'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from help" -f -a "export" -d 'The log for other programs and other people, with the head of every file it rests on'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from help" -f -a "replay" -d 'A log as a timeline on the real screens: nothing is asked, done or written'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from help" -f -a "verify" -d 'Check the chain of log files, or of all in a directory'
complete -c andon -n "__fish_andon_using_subcommand log; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c andon -n "__fish_andon_using_subcommand report; and not __fish_seen_subcommand_from handover help" -l dir -d 'A log directory; default: that of the environment' -r -F
complete -c andon -n "__fish_andon_using_subcommand report; and not __fish_seen_subcommand_from handover help" -l env -d 'The environment; default: whichever was written to last' -r
complete -c andon -n "__fish_andon_using_subcommand report; and not __fish_seen_subcommand_from handover help" -s o -l output -d 'Into this file instead of stdout' -r -F
complete -c andon -n "__fish_andon_using_subcommand report; and not __fish_seen_subcommand_from handover help" -l incident -d 'Of this incident' -r
complete -c andon -n "__fish_andon_using_subcommand report; and not __fish_seen_subcommand_from handover help" -l since -d 'From then on: 2h, 03:00, 2026-11-21T03:00Z' -r
complete -c andon -n "__fish_andon_using_subcommand report; and not __fish_seen_subcommand_from handover help" -l until -d 'Until then' -r
complete -c andon -n "__fish_andon_using_subcommand report; and not __fish_seen_subcommand_from handover help" -l at -d 'Open at this place: checkout, checkout@eu-1, checkout@eu-1/board' -r
complete -c andon -n "__fish_andon_using_subcommand report; and not __fish_seen_subcommand_from handover help" -l as -d 'Who is at the keys, when the account is shared' -r
complete -c andon -n "__fish_andon_using_subcommand report; and not __fish_seen_subcommand_from handover help" -l keymap -d 'default, vim, emacs, k9s, or a file of yours' -r
complete -c andon -n "__fish_andon_using_subcommand report; and not __fish_seen_subcommand_from handover help" -l color -d 'auto, always, never, 16, 256 or true' -r
complete -c andon -n "__fish_andon_using_subcommand report; and not __fish_seen_subcommand_from handover help" -l theme -d 'A shipped theme, or one of yours: default, light, high-contrast, colour-blind, mono' -r
complete -c andon -n "__fish_andon_using_subcommand report; and not __fish_seen_subcommand_from handover help" -l html -d 'One HTML file with pictures; needs no network'
complete -c andon -n "__fish_andon_using_subcommand report; and not __fish_seen_subcommand_from handover help" -l json -d 'As JSON: sentences and the records they rest on'
complete -c andon -n "__fish_andon_using_subcommand report; and not __fish_seen_subcommand_from handover help" -l read-only -d 'No act at all in this session'
complete -c andon -n "__fish_andon_using_subcommand report; and not __fish_seen_subcommand_from handover help" -l mouse -d 'Wheel and select with the mouse; it never acts'
complete -c andon -n "__fish_andon_using_subcommand report; and not __fish_seen_subcommand_from handover help" -l bell -d 'Ring once for new trouble, at most every 10 s'
complete -c andon -n "__fish_andon_using_subcommand report; and not __fish_seen_subcommand_from handover help" -l title -d 'Name the terminal\'s window: place, arming, how many are worse'
complete -c andon -n "__fish_andon_using_subcommand report; and not __fish_seen_subcommand_from handover help" -l reduced-motion -d 'What moves by itself moves in steps of five seconds'
complete -c andon -n "__fish_andon_using_subcommand report; and not __fish_seen_subcommand_from handover help" -l ascii -d 'Plain ASCII glyphs'
complete -c andon -n "__fish_andon_using_subcommand report; and not __fish_seen_subcommand_from handover help" -l slow -d 'A slow line: at most two frames a second'
complete -c andon -n "__fish_andon_using_subcommand report; and not __fish_seen_subcommand_from handover help" -l plain -d 'No screen: one line for each event, acts by typed words (docs/plain.md)'
complete -c andon -n "__fish_andon_using_subcommand report; and not __fish_seen_subcommand_from handover help" -l no-clock -d 'No time of day on screen'
complete -c andon -n "__fish_andon_using_subcommand report; and not __fish_seen_subcommand_from handover help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c andon -n "__fish_andon_using_subcommand report; and not __fish_seen_subcommand_from handover help" -f -a "handover" -d 'What the next shift has to know, on one screen'
complete -c andon -n "__fish_andon_using_subcommand report; and not __fish_seen_subcommand_from handover help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c andon -n "__fish_andon_using_subcommand report; and __fish_seen_subcommand_from handover" -l dir -d 'A log directory; default: that of the environment' -r -F
complete -c andon -n "__fish_andon_using_subcommand report; and __fish_seen_subcommand_from handover" -l env -d 'The environment; default: whichever was written to last' -r
complete -c andon -n "__fish_andon_using_subcommand report; and __fish_seen_subcommand_from handover" -s o -l output -d 'Into this file instead of stdout' -r -F
complete -c andon -n "__fish_andon_using_subcommand report; and __fish_seen_subcommand_from handover" -l since -d 'The shift began then: 12h, 03:00, 2026-11-21T03:00Z' -r
complete -c andon -n "__fish_andon_using_subcommand report; and __fish_seen_subcommand_from handover" -l at -d 'Open at this place: checkout, checkout@eu-1, checkout@eu-1/board' -r
complete -c andon -n "__fish_andon_using_subcommand report; and __fish_seen_subcommand_from handover" -l as -d 'Who is at the keys, when the account is shared' -r
complete -c andon -n "__fish_andon_using_subcommand report; and __fish_seen_subcommand_from handover" -l keymap -d 'default, vim, emacs, k9s, or a file of yours' -r
complete -c andon -n "__fish_andon_using_subcommand report; and __fish_seen_subcommand_from handover" -l color -d 'auto, always, never, 16, 256 or true' -r
complete -c andon -n "__fish_andon_using_subcommand report; and __fish_seen_subcommand_from handover" -l theme -d 'A shipped theme, or one of yours: default, light, high-contrast, colour-blind, mono' -r
complete -c andon -n "__fish_andon_using_subcommand report; and __fish_seen_subcommand_from handover" -l read-only -d 'No act at all in this session'
complete -c andon -n "__fish_andon_using_subcommand report; and __fish_seen_subcommand_from handover" -l mouse -d 'Wheel and select with the mouse; it never acts'
complete -c andon -n "__fish_andon_using_subcommand report; and __fish_seen_subcommand_from handover" -l bell -d 'Ring once for new trouble, at most every 10 s'
complete -c andon -n "__fish_andon_using_subcommand report; and __fish_seen_subcommand_from handover" -l title -d 'Name the terminal\'s window: place, arming, how many are worse'
complete -c andon -n "__fish_andon_using_subcommand report; and __fish_seen_subcommand_from handover" -l reduced-motion -d 'What moves by itself moves in steps of five seconds'
complete -c andon -n "__fish_andon_using_subcommand report; and __fish_seen_subcommand_from handover" -l ascii -d 'Plain ASCII glyphs'
complete -c andon -n "__fish_andon_using_subcommand report; and __fish_seen_subcommand_from handover" -l slow -d 'A slow line: at most two frames a second'
complete -c andon -n "__fish_andon_using_subcommand report; and __fish_seen_subcommand_from handover" -l plain -d 'No screen: one line for each event, acts by typed words (docs/plain.md)'
complete -c andon -n "__fish_andon_using_subcommand report; and __fish_seen_subcommand_from handover" -l no-clock -d 'No time of day on screen'
complete -c andon -n "__fish_andon_using_subcommand report; and __fish_seen_subcommand_from handover" -s h -l help -d 'Print help'
complete -c andon -n "__fish_andon_using_subcommand report; and __fish_seen_subcommand_from help" -f -a "handover" -d 'What the next shift has to know, on one screen'
complete -c andon -n "__fish_andon_using_subcommand report; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c andon -n "__fish_andon_using_subcommand runbook; and not __fish_seen_subcommand_from list show lint new help" -l at -d 'Open at this place: checkout, checkout@eu-1, checkout@eu-1/board' -r
complete -c andon -n "__fish_andon_using_subcommand runbook; and not __fish_seen_subcommand_from list show lint new help" -l as -d 'Who is at the keys, when the account is shared' -r
complete -c andon -n "__fish_andon_using_subcommand runbook; and not __fish_seen_subcommand_from list show lint new help" -l keymap -d 'default, vim, emacs, k9s, or a file of yours' -r
complete -c andon -n "__fish_andon_using_subcommand runbook; and not __fish_seen_subcommand_from list show lint new help" -l color -d 'auto, always, never, 16, 256 or true' -r
complete -c andon -n "__fish_andon_using_subcommand runbook; and not __fish_seen_subcommand_from list show lint new help" -l theme -d 'A shipped theme, or one of yours: default, light, high-contrast, colour-blind, mono' -r
complete -c andon -n "__fish_andon_using_subcommand runbook; and not __fish_seen_subcommand_from list show lint new help" -l read-only -d 'No act at all in this session'
complete -c andon -n "__fish_andon_using_subcommand runbook; and not __fish_seen_subcommand_from list show lint new help" -l mouse -d 'Wheel and select with the mouse; it never acts'
complete -c andon -n "__fish_andon_using_subcommand runbook; and not __fish_seen_subcommand_from list show lint new help" -l bell -d 'Ring once for new trouble, at most every 10 s'
complete -c andon -n "__fish_andon_using_subcommand runbook; and not __fish_seen_subcommand_from list show lint new help" -l title -d 'Name the terminal\'s window: place, arming, how many are worse'
complete -c andon -n "__fish_andon_using_subcommand runbook; and not __fish_seen_subcommand_from list show lint new help" -l reduced-motion -d 'What moves by itself moves in steps of five seconds'
complete -c andon -n "__fish_andon_using_subcommand runbook; and not __fish_seen_subcommand_from list show lint new help" -l ascii -d 'Plain ASCII glyphs'
complete -c andon -n "__fish_andon_using_subcommand runbook; and not __fish_seen_subcommand_from list show lint new help" -l slow -d 'A slow line: at most two frames a second'
complete -c andon -n "__fish_andon_using_subcommand runbook; and not __fish_seen_subcommand_from list show lint new help" -l plain -d 'No screen: one line for each event, acts by typed words (docs/plain.md)'
complete -c andon -n "__fish_andon_using_subcommand runbook; and not __fish_seen_subcommand_from list show lint new help" -l no-clock -d 'No time of day on screen'
complete -c andon -n "__fish_andon_using_subcommand runbook; and not __fish_seen_subcommand_from list show lint new help" -s h -l help -d 'Print help'
complete -c andon -n "__fish_andon_using_subcommand runbook; and not __fish_seen_subcommand_from list show lint new help" -f -a "list" -d 'Every runbook: its name, whom it is for, its steps'
complete -c andon -n "__fish_andon_using_subcommand runbook; and not __fish_seen_subcommand_from list show lint new help" -f -a "show" -d 'One runbook, every step in full'
complete -c andon -n "__fish_andon_using_subcommand runbook; and not __fish_seen_subcommand_from list show lint new help" -f -a "lint" -d 'What runbooks lack: a way back, health checks, links, contacts, mitigation, escalation; and references that lead nowhere'
complete -c andon -n "__fish_andon_using_subcommand runbook; and not __fish_seen_subcommand_from list show lint new help" -f -a "new" -d 'A new runbook on stdout, to be filled in'
complete -c andon -n "__fish_andon_using_subcommand runbook; and not __fish_seen_subcommand_from list show lint new help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from list" -l for -d 'Only those for this service, alert or failure mode (f1 to f8)' -r
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from list" -l at -d 'Open at this place: checkout, checkout@eu-1, checkout@eu-1/board' -r
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from list" -l as -d 'Who is at the keys, when the account is shared' -r
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from list" -l keymap -d 'default, vim, emacs, k9s, or a file of yours' -r
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from list" -l color -d 'auto, always, never, 16, 256 or true' -r
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from list" -l theme -d 'A shipped theme, or one of yours: default, light, high-contrast, colour-blind, mono' -r
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from list" -l read-only -d 'No act at all in this session'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from list" -l mouse -d 'Wheel and select with the mouse; it never acts'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from list" -l bell -d 'Ring once for new trouble, at most every 10 s'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from list" -l title -d 'Name the terminal\'s window: place, arming, how many are worse'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from list" -l reduced-motion -d 'What moves by itself moves in steps of five seconds'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from list" -l ascii -d 'Plain ASCII glyphs'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from list" -l slow -d 'A slow line: at most two frames a second'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from list" -l plain -d 'No screen: one line for each event, acts by typed words (docs/plain.md)'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from list" -l no-clock -d 'No time of day on screen'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from show" -l at -d 'Open at this place: checkout, checkout@eu-1, checkout@eu-1/board' -r
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from show" -l as -d 'Who is at the keys, when the account is shared' -r
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from show" -l keymap -d 'default, vim, emacs, k9s, or a file of yours' -r
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from show" -l color -d 'auto, always, never, 16, 256 or true' -r
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from show" -l theme -d 'A shipped theme, or one of yours: default, light, high-contrast, colour-blind, mono' -r
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from show" -l read-only -d 'No act at all in this session'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from show" -l mouse -d 'Wheel and select with the mouse; it never acts'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from show" -l bell -d 'Ring once for new trouble, at most every 10 s'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from show" -l title -d 'Name the terminal\'s window: place, arming, how many are worse'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from show" -l reduced-motion -d 'What moves by itself moves in steps of five seconds'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from show" -l ascii -d 'Plain ASCII glyphs'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from show" -l slow -d 'A slow line: at most two frames a second'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from show" -l plain -d 'No screen: one line for each event, acts by typed words (docs/plain.md)'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from show" -l no-clock -d 'No time of day on screen'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from lint" -l at -d 'Open at this place: checkout, checkout@eu-1, checkout@eu-1/board' -r
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from lint" -l as -d 'Who is at the keys, when the account is shared' -r
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from lint" -l keymap -d 'default, vim, emacs, k9s, or a file of yours' -r
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from lint" -l color -d 'auto, always, never, 16, 256 or true' -r
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from lint" -l theme -d 'A shipped theme, or one of yours: default, light, high-contrast, colour-blind, mono' -r
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from lint" -l read-only -d 'No act at all in this session'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from lint" -l mouse -d 'Wheel and select with the mouse; it never acts'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from lint" -l bell -d 'Ring once for new trouble, at most every 10 s'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from lint" -l title -d 'Name the terminal\'s window: place, arming, how many are worse'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from lint" -l reduced-motion -d 'What moves by itself moves in steps of five seconds'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from lint" -l ascii -d 'Plain ASCII glyphs'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from lint" -l slow -d 'A slow line: at most two frames a second'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from lint" -l plain -d 'No screen: one line for each event, acts by typed words (docs/plain.md)'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from lint" -l no-clock -d 'No time of day on screen'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from lint" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from new" -l failure -d 'Begin with the shipped one for this failure mode' -r
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from new" -l at -d 'Open at this place: checkout, checkout@eu-1, checkout@eu-1/board' -r
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from new" -l as -d 'Who is at the keys, when the account is shared' -r
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from new" -l keymap -d 'default, vim, emacs, k9s, or a file of yours' -r
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from new" -l color -d 'auto, always, never, 16, 256 or true' -r
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from new" -l theme -d 'A shipped theme, or one of yours: default, light, high-contrast, colour-blind, mono' -r
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from new" -l read-only -d 'No act at all in this session'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from new" -l mouse -d 'Wheel and select with the mouse; it never acts'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from new" -l bell -d 'Ring once for new trouble, at most every 10 s'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from new" -l title -d 'Name the terminal\'s window: place, arming, how many are worse'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from new" -l reduced-motion -d 'What moves by itself moves in steps of five seconds'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from new" -l ascii -d 'Plain ASCII glyphs'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from new" -l slow -d 'A slow line: at most two frames a second'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from new" -l plain -d 'No screen: one line for each event, acts by typed words (docs/plain.md)'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from new" -l no-clock -d 'No time of day on screen'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from new" -s h -l help -d 'Print help'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from help" -f -a "list" -d 'Every runbook: its name, whom it is for, its steps'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from help" -f -a "show" -d 'One runbook, every step in full'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from help" -f -a "lint" -d 'What runbooks lack: a way back, health checks, links, contacts, mitigation, escalation; and references that lead nowhere'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from help" -f -a "new" -d 'A new runbook on stdout, to be filled in'
complete -c andon -n "__fish_andon_using_subcommand runbook; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c andon -n "__fish_andon_using_subcommand replay" -l at -d 'Open at this place: checkout, checkout@eu-1, checkout@eu-1/board' -r
complete -c andon -n "__fish_andon_using_subcommand replay" -l as -d 'Who is at the keys, when the account is shared' -r
complete -c andon -n "__fish_andon_using_subcommand replay" -l keymap -d 'default, vim, emacs, k9s, or a file of yours' -r
complete -c andon -n "__fish_andon_using_subcommand replay" -l color -d 'auto, always, never, 16, 256 or true' -r
complete -c andon -n "__fish_andon_using_subcommand replay" -l theme -d 'A shipped theme, or one of yours: default, light, high-contrast, colour-blind, mono' -r
complete -c andon -n "__fish_andon_using_subcommand replay" -l read-only -d 'No act at all in this session'
complete -c andon -n "__fish_andon_using_subcommand replay" -l mouse -d 'Wheel and select with the mouse; it never acts'
complete -c andon -n "__fish_andon_using_subcommand replay" -l bell -d 'Ring once for new trouble, at most every 10 s'
complete -c andon -n "__fish_andon_using_subcommand replay" -l title -d 'Name the terminal\'s window: place, arming, how many are worse'
complete -c andon -n "__fish_andon_using_subcommand replay" -l reduced-motion -d 'What moves by itself moves in steps of five seconds'
complete -c andon -n "__fish_andon_using_subcommand replay" -l ascii -d 'Plain ASCII glyphs'
complete -c andon -n "__fish_andon_using_subcommand replay" -l slow -d 'A slow line: at most two frames a second'
complete -c andon -n "__fish_andon_using_subcommand replay" -l plain -d 'No screen: one line for each event, acts by typed words (docs/plain.md)'
complete -c andon -n "__fish_andon_using_subcommand replay" -l no-clock -d 'No time of day on screen'
complete -c andon -n "__fish_andon_using_subcommand replay" -s h -l help -d 'Print help'
complete -c andon -n "__fish_andon_using_subcommand config; and not __fish_seen_subcommand_from check show schema help" -l at -d 'Open at this place: checkout, checkout@eu-1, checkout@eu-1/board' -r
complete -c andon -n "__fish_andon_using_subcommand config; and not __fish_seen_subcommand_from check show schema help" -l as -d 'Who is at the keys, when the account is shared' -r
complete -c andon -n "__fish_andon_using_subcommand config; and not __fish_seen_subcommand_from check show schema help" -l keymap -d 'default, vim, emacs, k9s, or a file of yours' -r
complete -c andon -n "__fish_andon_using_subcommand config; and not __fish_seen_subcommand_from check show schema help" -l color -d 'auto, always, never, 16, 256 or true' -r
complete -c andon -n "__fish_andon_using_subcommand config; and not __fish_seen_subcommand_from check show schema help" -l theme -d 'A shipped theme, or one of yours: default, light, high-contrast, colour-blind, mono' -r
complete -c andon -n "__fish_andon_using_subcommand config; and not __fish_seen_subcommand_from check show schema help" -l read-only -d 'No act at all in this session'
complete -c andon -n "__fish_andon_using_subcommand config; and not __fish_seen_subcommand_from check show schema help" -l mouse -d 'Wheel and select with the mouse; it never acts'
complete -c andon -n "__fish_andon_using_subcommand config; and not __fish_seen_subcommand_from check show schema help" -l bell -d 'Ring once for new trouble, at most every 10 s'
complete -c andon -n "__fish_andon_using_subcommand config; and not __fish_seen_subcommand_from check show schema help" -l title -d 'Name the terminal\'s window: place, arming, how many are worse'
complete -c andon -n "__fish_andon_using_subcommand config; and not __fish_seen_subcommand_from check show schema help" -l reduced-motion -d 'What moves by itself moves in steps of five seconds'
complete -c andon -n "__fish_andon_using_subcommand config; and not __fish_seen_subcommand_from check show schema help" -l ascii -d 'Plain ASCII glyphs'
complete -c andon -n "__fish_andon_using_subcommand config; and not __fish_seen_subcommand_from check show schema help" -l slow -d 'A slow line: at most two frames a second'
complete -c andon -n "__fish_andon_using_subcommand config; and not __fish_seen_subcommand_from check show schema help" -l plain -d 'No screen: one line for each event, acts by typed words (docs/plain.md)'
complete -c andon -n "__fish_andon_using_subcommand config; and not __fish_seen_subcommand_from check show schema help" -l no-clock -d 'No time of day on screen'
complete -c andon -n "__fish_andon_using_subcommand config; and not __fish_seen_subcommand_from check show schema help" -s h -l help -d 'Print help'
complete -c andon -n "__fish_andon_using_subcommand config; and not __fish_seen_subcommand_from check show schema help" -f -a "check" -d 'Tell every problem of a config at once'
complete -c andon -n "__fish_andon_using_subcommand config; and not __fish_seen_subcommand_from check show schema help" -f -a "show" -d 'Every setting in force, as the console would take it; never a secret'
complete -c andon -n "__fish_andon_using_subcommand config; and not __fish_seen_subcommand_from check show schema help" -f -a "schema" -d 'The JSON schema of the config file'
complete -c andon -n "__fish_andon_using_subcommand config; and not __fish_seen_subcommand_from check show schema help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from check" -l at -d 'Open at this place: checkout, checkout@eu-1, checkout@eu-1/board' -r
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from check" -l as -d 'Who is at the keys, when the account is shared' -r
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from check" -l keymap -d 'default, vim, emacs, k9s, or a file of yours' -r
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from check" -l color -d 'auto, always, never, 16, 256 or true' -r
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from check" -l theme -d 'A shipped theme, or one of yours: default, light, high-contrast, colour-blind, mono' -r
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from check" -l read-only -d 'No act at all in this session'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from check" -l mouse -d 'Wheel and select with the mouse; it never acts'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from check" -l bell -d 'Ring once for new trouble, at most every 10 s'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from check" -l title -d 'Name the terminal\'s window: place, arming, how many are worse'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from check" -l reduced-motion -d 'What moves by itself moves in steps of five seconds'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from check" -l ascii -d 'Plain ASCII glyphs'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from check" -l slow -d 'A slow line: at most two frames a second'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from check" -l plain -d 'No screen: one line for each event, acts by typed words (docs/plain.md)'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from check" -l no-clock -d 'No time of day on screen'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from show" -l at -d 'Open at this place: checkout, checkout@eu-1, checkout@eu-1/board' -r
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from show" -l as -d 'Who is at the keys, when the account is shared' -r
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from show" -l keymap -d 'default, vim, emacs, k9s, or a file of yours' -r
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from show" -l color -d 'auto, always, never, 16, 256 or true' -r
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from show" -l theme -d 'A shipped theme, or one of yours: default, light, high-contrast, colour-blind, mono' -r
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from show" -l origin -d 'Where each value comes from: flag, variable, file and line, default'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from show" -l json -d 'As JSON, origins included'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from show" -l read-only -d 'No act at all in this session'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from show" -l mouse -d 'Wheel and select with the mouse; it never acts'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from show" -l bell -d 'Ring once for new trouble, at most every 10 s'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from show" -l title -d 'Name the terminal\'s window: place, arming, how many are worse'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from show" -l reduced-motion -d 'What moves by itself moves in steps of five seconds'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from show" -l ascii -d 'Plain ASCII glyphs'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from show" -l slow -d 'A slow line: at most two frames a second'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from show" -l plain -d 'No screen: one line for each event, acts by typed words (docs/plain.md)'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from show" -l no-clock -d 'No time of day on screen'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from schema" -l at -d 'Open at this place: checkout, checkout@eu-1, checkout@eu-1/board' -r
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from schema" -l as -d 'Who is at the keys, when the account is shared' -r
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from schema" -l keymap -d 'default, vim, emacs, k9s, or a file of yours' -r
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from schema" -l color -d 'auto, always, never, 16, 256 or true' -r
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from schema" -l theme -d 'A shipped theme, or one of yours: default, light, high-contrast, colour-blind, mono' -r
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from schema" -l read-only -d 'No act at all in this session'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from schema" -l mouse -d 'Wheel and select with the mouse; it never acts'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from schema" -l bell -d 'Ring once for new trouble, at most every 10 s'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from schema" -l title -d 'Name the terminal\'s window: place, arming, how many are worse'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from schema" -l reduced-motion -d 'What moves by itself moves in steps of five seconds'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from schema" -l ascii -d 'Plain ASCII glyphs'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from schema" -l slow -d 'A slow line: at most two frames a second'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from schema" -l plain -d 'No screen: one line for each event, acts by typed words (docs/plain.md)'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from schema" -l no-clock -d 'No time of day on screen'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from schema" -s h -l help -d 'Print help'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "check" -d 'Tell every problem of a config at once'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "show" -d 'Every setting in force, as the console would take it; never a secret'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "schema" -d 'The JSON schema of the config file'
complete -c andon -n "__fish_andon_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c andon -n "__fish_andon_using_subcommand reset-terminal" -l at -d 'Open at this place: checkout, checkout@eu-1, checkout@eu-1/board' -r
complete -c andon -n "__fish_andon_using_subcommand reset-terminal" -l as -d 'Who is at the keys, when the account is shared' -r
complete -c andon -n "__fish_andon_using_subcommand reset-terminal" -l keymap -d 'default, vim, emacs, k9s, or a file of yours' -r
complete -c andon -n "__fish_andon_using_subcommand reset-terminal" -l color -d 'auto, always, never, 16, 256 or true' -r
complete -c andon -n "__fish_andon_using_subcommand reset-terminal" -l theme -d 'A shipped theme, or one of yours: default, light, high-contrast, colour-blind, mono' -r
complete -c andon -n "__fish_andon_using_subcommand reset-terminal" -l read-only -d 'No act at all in this session'
complete -c andon -n "__fish_andon_using_subcommand reset-terminal" -l mouse -d 'Wheel and select with the mouse; it never acts'
complete -c andon -n "__fish_andon_using_subcommand reset-terminal" -l bell -d 'Ring once for new trouble, at most every 10 s'
complete -c andon -n "__fish_andon_using_subcommand reset-terminal" -l title -d 'Name the terminal\'s window: place, arming, how many are worse'
complete -c andon -n "__fish_andon_using_subcommand reset-terminal" -l reduced-motion -d 'What moves by itself moves in steps of five seconds'
complete -c andon -n "__fish_andon_using_subcommand reset-terminal" -l ascii -d 'Plain ASCII glyphs'
complete -c andon -n "__fish_andon_using_subcommand reset-terminal" -l slow -d 'A slow line: at most two frames a second'
complete -c andon -n "__fish_andon_using_subcommand reset-terminal" -l plain -d 'No screen: one line for each event, acts by typed words (docs/plain.md)'
complete -c andon -n "__fish_andon_using_subcommand reset-terminal" -l no-clock -d 'No time of day on screen'
complete -c andon -n "__fish_andon_using_subcommand reset-terminal" -s h -l help -d 'Print help'
complete -c andon -n "__fish_andon_using_subcommand version" -l at -d 'Open at this place: checkout, checkout@eu-1, checkout@eu-1/board' -r
complete -c andon -n "__fish_andon_using_subcommand version" -l as -d 'Who is at the keys, when the account is shared' -r
complete -c andon -n "__fish_andon_using_subcommand version" -l keymap -d 'default, vim, emacs, k9s, or a file of yours' -r
complete -c andon -n "__fish_andon_using_subcommand version" -l color -d 'auto, always, never, 16, 256 or true' -r
complete -c andon -n "__fish_andon_using_subcommand version" -l theme -d 'A shipped theme, or one of yours: default, light, high-contrast, colour-blind, mono' -r
complete -c andon -n "__fish_andon_using_subcommand version" -l json -d 'As JSON'
complete -c andon -n "__fish_andon_using_subcommand version" -l read-only -d 'No act at all in this session'
complete -c andon -n "__fish_andon_using_subcommand version" -l mouse -d 'Wheel and select with the mouse; it never acts'
complete -c andon -n "__fish_andon_using_subcommand version" -l bell -d 'Ring once for new trouble, at most every 10 s'
complete -c andon -n "__fish_andon_using_subcommand version" -l title -d 'Name the terminal\'s window: place, arming, how many are worse'
complete -c andon -n "__fish_andon_using_subcommand version" -l reduced-motion -d 'What moves by itself moves in steps of five seconds'
complete -c andon -n "__fish_andon_using_subcommand version" -l ascii -d 'Plain ASCII glyphs'
complete -c andon -n "__fish_andon_using_subcommand version" -l slow -d 'A slow line: at most two frames a second'
complete -c andon -n "__fish_andon_using_subcommand version" -l plain -d 'No screen: one line for each event, acts by typed words (docs/plain.md)'
complete -c andon -n "__fish_andon_using_subcommand version" -l no-clock -d 'No time of day on screen'
complete -c andon -n "__fish_andon_using_subcommand version" -s h -l help -d 'Print help'
complete -c andon -n "__fish_andon_using_subcommand completions" -l at -d 'Open at this place: checkout, checkout@eu-1, checkout@eu-1/board' -r
complete -c andon -n "__fish_andon_using_subcommand completions" -l as -d 'Who is at the keys, when the account is shared' -r
complete -c andon -n "__fish_andon_using_subcommand completions" -l keymap -d 'default, vim, emacs, k9s, or a file of yours' -r
complete -c andon -n "__fish_andon_using_subcommand completions" -l color -d 'auto, always, never, 16, 256 or true' -r
complete -c andon -n "__fish_andon_using_subcommand completions" -l theme -d 'A shipped theme, or one of yours: default, light, high-contrast, colour-blind, mono' -r
complete -c andon -n "__fish_andon_using_subcommand completions" -l read-only -d 'No act at all in this session'
complete -c andon -n "__fish_andon_using_subcommand completions" -l mouse -d 'Wheel and select with the mouse; it never acts'
complete -c andon -n "__fish_andon_using_subcommand completions" -l bell -d 'Ring once for new trouble, at most every 10 s'
complete -c andon -n "__fish_andon_using_subcommand completions" -l title -d 'Name the terminal\'s window: place, arming, how many are worse'
complete -c andon -n "__fish_andon_using_subcommand completions" -l reduced-motion -d 'What moves by itself moves in steps of five seconds'
complete -c andon -n "__fish_andon_using_subcommand completions" -l ascii -d 'Plain ASCII glyphs'
complete -c andon -n "__fish_andon_using_subcommand completions" -l slow -d 'A slow line: at most two frames a second'
complete -c andon -n "__fish_andon_using_subcommand completions" -l plain -d 'No screen: one line for each event, acts by typed words (docs/plain.md)'
complete -c andon -n "__fish_andon_using_subcommand completions" -l no-clock -d 'No time of day on screen'
complete -c andon -n "__fish_andon_using_subcommand completions" -s h -l help -d 'Print help'
complete -c andon -n "__fish_andon_using_subcommand man" -l at -d 'Open at this place: checkout, checkout@eu-1, checkout@eu-1/board' -r
complete -c andon -n "__fish_andon_using_subcommand man" -l as -d 'Who is at the keys, when the account is shared' -r
complete -c andon -n "__fish_andon_using_subcommand man" -l keymap -d 'default, vim, emacs, k9s, or a file of yours' -r
complete -c andon -n "__fish_andon_using_subcommand man" -l color -d 'auto, always, never, 16, 256 or true' -r
complete -c andon -n "__fish_andon_using_subcommand man" -l theme -d 'A shipped theme, or one of yours: default, light, high-contrast, colour-blind, mono' -r
complete -c andon -n "__fish_andon_using_subcommand man" -l read-only -d 'No act at all in this session'
complete -c andon -n "__fish_andon_using_subcommand man" -l mouse -d 'Wheel and select with the mouse; it never acts'
complete -c andon -n "__fish_andon_using_subcommand man" -l bell -d 'Ring once for new trouble, at most every 10 s'
complete -c andon -n "__fish_andon_using_subcommand man" -l title -d 'Name the terminal\'s window: place, arming, how many are worse'
complete -c andon -n "__fish_andon_using_subcommand man" -l reduced-motion -d 'What moves by itself moves in steps of five seconds'
complete -c andon -n "__fish_andon_using_subcommand man" -l ascii -d 'Plain ASCII glyphs'
complete -c andon -n "__fish_andon_using_subcommand man" -l slow -d 'A slow line: at most two frames a second'
complete -c andon -n "__fish_andon_using_subcommand man" -l plain -d 'No screen: one line for each event, acts by typed words (docs/plain.md)'
complete -c andon -n "__fish_andon_using_subcommand man" -l no-clock -d 'No time of day on screen'
complete -c andon -n "__fish_andon_using_subcommand man" -s h -l help -d 'Print help'
complete -c andon -n "__fish_andon_using_subcommand help; and not __fish_seen_subcommand_from drill act wait status doctor log report runbook replay config reset-terminal version completions man help" -f -a "drill" -d 'Play a drill in a simulated world; nothing real is reached'
complete -c andon -n "__fish_andon_using_subcommand help; and not __fish_seen_subcommand_from drill act wait status doctor log report runbook replay config reset-terminal version completions man help" -f -a "act" -d 'One act without a screen: the same plan, guards, gates and records as in the console'
complete -c andon -n "__fish_andon_using_subcommand help; and not __fish_seen_subcommand_from drill act wait status doctor log report runbook replay config reset-terminal version completions man help" -f -a "wait" -d 'Wait until a target has settled, or until something else is true of it'
complete -c andon -n "__fish_andon_using_subcommand help; and not __fish_seen_subcommand_from drill act wait status doctor log report runbook replay config reset-terminal version completions man help" -f -a "status" -d 'What stands now, once: a line a service, or everything as JSON'
complete -c andon -n "__fish_andon_using_subcommand help; and not __fish_seen_subcommand_from drill act wait status doctor log report runbook replay config reset-terminal version completions man help" -f -a "doctor" -d 'What is missing before an incident: config, sources, rights, and what can be judged of each service'
complete -c andon -n "__fish_andon_using_subcommand help; and not __fish_seen_subcommand_from drill act wait status doctor log report runbook replay config reset-terminal version completions man help" -f -a "log" -d 'The incident log'
complete -c andon -n "__fish_andon_using_subcommand help; and not __fish_seen_subcommand_from drill act wait status doctor log report runbook replay config reset-terminal version completions man help" -f -a "report" -d 'Draft a postmortem from the incident log, as Markdown on stdout'
complete -c andon -n "__fish_andon_using_subcommand help; and not __fish_seen_subcommand_from drill act wait status doctor log report runbook replay config reset-terminal version completions man help" -f -a "runbook" -d 'Runbooks: what there is, one in full, what they lack, a new one'
complete -c andon -n "__fish_andon_using_subcommand help; and not __fish_seen_subcommand_from drill act wait status doctor log report runbook replay config reset-terminal version completions man help" -f -a "replay" -d 'Play a tape again: the same effects, the same last screen'
complete -c andon -n "__fish_andon_using_subcommand help; and not __fish_seen_subcommand_from drill act wait status doctor log report runbook replay config reset-terminal version completions man help" -f -a "config" -d 'The files of this user'
complete -c andon -n "__fish_andon_using_subcommand help; and not __fish_seen_subcommand_from drill act wait status doctor log report runbook replay config reset-terminal version completions man help" -f -a "reset-terminal" -d 'Put this terminal back after a console that was killed'
complete -c andon -n "__fish_andon_using_subcommand help; and not __fish_seen_subcommand_from drill act wait status doctor log report runbook replay config reset-terminal version completions man help" -f -a "version" -d 'What this program was built from'
complete -c andon -n "__fish_andon_using_subcommand help; and not __fish_seen_subcommand_from drill act wait status doctor log report runbook replay config reset-terminal version completions man help" -f -a "completions" -d 'A completion script for a shell, on stdout'
complete -c andon -n "__fish_andon_using_subcommand help; and not __fish_seen_subcommand_from drill act wait status doctor log report runbook replay config reset-terminal version completions man help" -f -a "man" -d 'A manual page, on stdout: `andon man log tail | man -l -`'
complete -c andon -n "__fish_andon_using_subcommand help; and not __fish_seen_subcommand_from drill act wait status doctor log report runbook replay config reset-terminal version completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c andon -n "__fish_andon_using_subcommand help; and __fish_seen_subcommand_from drill" -f -a "list" -d 'What there is to play'
complete -c andon -n "__fish_andon_using_subcommand help; and __fish_seen_subcommand_from drill" -f -a "show" -d 'What a scenario is about, for who plays it; with --notes for who leads it'
complete -c andon -n "__fish_andon_using_subcommand help; and __fish_seen_subcommand_from drill" -f -a "run" -d 'Play one: on the screen, or headless with keys from a file'
complete -c andon -n "__fish_andon_using_subcommand help; and __fish_seen_subcommand_from drill" -f -a "score" -d 'What a run was worth, line by line'
complete -c andon -n "__fish_andon_using_subcommand help; and __fish_seen_subcommand_from drill" -f -a "check" -d 'Are these scenario files right?'
complete -c andon -n "__fish_andon_using_subcommand help; and __fish_seen_subcommand_from log" -f -a "tail" -d 'The newest lines'
complete -c andon -n "__fish_andon_using_subcommand help; and __fish_seen_subcommand_from log" -f -a "show" -d 'Whole records: every member, requests, answers, what was seen'
complete -c andon -n "__fish_andon_using_subcommand help; and __fish_seen_subcommand_from log" -f -a "export" -d 'The log for other programs and other people, with the head of every file it rests on'
complete -c andon -n "__fish_andon_using_subcommand help; and __fish_seen_subcommand_from log" -f -a "replay" -d 'A log as a timeline on the real screens: nothing is asked, done or written'
complete -c andon -n "__fish_andon_using_subcommand help; and __fish_seen_subcommand_from log" -f -a "verify" -d 'Check the chain of log files, or of all in a directory'
complete -c andon -n "__fish_andon_using_subcommand help; and __fish_seen_subcommand_from report" -f -a "handover" -d 'What the next shift has to know, on one screen'
complete -c andon -n "__fish_andon_using_subcommand help; and __fish_seen_subcommand_from runbook" -f -a "list" -d 'Every runbook: its name, whom it is for, its steps'
complete -c andon -n "__fish_andon_using_subcommand help; and __fish_seen_subcommand_from runbook" -f -a "show" -d 'One runbook, every step in full'
complete -c andon -n "__fish_andon_using_subcommand help; and __fish_seen_subcommand_from runbook" -f -a "lint" -d 'What runbooks lack: a way back, health checks, links, contacts, mitigation, escalation; and references that lead nowhere'
complete -c andon -n "__fish_andon_using_subcommand help; and __fish_seen_subcommand_from runbook" -f -a "new" -d 'A new runbook on stdout, to be filled in'
complete -c andon -n "__fish_andon_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "check" -d 'Tell every problem of a config at once'
complete -c andon -n "__fish_andon_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "show" -d 'Every setting in force, as the console would take it; never a secret'
complete -c andon -n "__fish_andon_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "schema" -d 'The JSON schema of the config file'
