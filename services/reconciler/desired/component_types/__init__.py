"""What a component gets because of its role: one module per component type, each with one constant."""
