"""From an AdmissionReview to its answer: what was asked, what the rules say, how that is told to the API server.

Pure, so that `dynamoctl validate` gives the answers of the webhook without a cluster. Invariants: the answer carries
the uid of the request, the same request has the same answer (dry run or not), and nothing a client sends can end in
an exception.
"""
