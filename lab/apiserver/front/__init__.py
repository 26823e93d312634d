"""The HTTP side: who asks, what is counted, which verb a request is, how an answer leaves."""
