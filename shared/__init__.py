"""What the rooms share: vocabulary, contracts, ports, adapters and the runtime that drives them."""
