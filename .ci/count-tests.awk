# Adds up what mocha says at the end of each run in a log: "passed failed". A run begins with a line "== tests over …"; of lines such as
# "  120 passing (4s)" and "  2 failing" the last of each kind is mocha's own. A run that ended without such lines counts as one failure.
function close_run() {
  if (!in_run) return
  passed += passing
  failed += counted ? failing : 1
}
/^== tests over / { close_run(); in_run = 1; passing = failing = counted = 0 }
/^ +[0-9]+ passing( \(.*\))?$/ { passing = $1; counted = 1 }
/^ +[0-9]+ failing( \(.*\))?$/ { failing = $1; counted = 1 }
END { close_run(); print passed + 0, failed + 0 }
