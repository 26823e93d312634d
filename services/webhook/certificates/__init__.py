"""The webhook's certificates: how they are made, when they are replaced, and in which order.

Pure but for the randomness of keys: the time is an argument, nothing is read or written. Invariant: at every moment
the bundle that the API server trusts contains the authority of the certificate that is served.
"""
