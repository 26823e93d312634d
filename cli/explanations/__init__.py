"""Why a graph is not ready: from what was observed to the one cause, and what would unblock it.

Pure. `evidence` is what was observed, `findings` what is said about it, `explaining.explain` the way from one to the
other; the modules between judge one concern each. Invariants: what was not read is never concluded from (a source that
did not answer is a finding of its own), `Impossible` is said only when no node could ever run a pod, and nothing that
an object holds as a value (environment, Secret, argument) is quoted.
"""
