"""What Grove's operator does: PodCliqueSets become scaling groups and cliques, cliques become pods.

Pure modules (`vocabulary`, `sets`, `scaling_groups`, `cliques`, `clique_status`) decide, `*_controller` write. Not
played: the termination of gangs after their delay, autoscalers, topology constraints, and PodGang objects (the
scheduler here reads the cliques themselves).
"""
