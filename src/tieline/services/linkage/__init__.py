"""Rights narrowed by what connected systems say of agents and customers."""
