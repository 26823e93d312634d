"""What differs by inference engine: one module per back end, each with one constant, and the choice between them."""
