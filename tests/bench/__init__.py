"""The figures of docs/performance.md, measured on a whole stack: `make bench`."""
