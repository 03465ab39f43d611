"""How a guest boots: boot loaders, kernels, modules."""
