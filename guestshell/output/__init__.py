"""The one place where results become terminal text or bytes, and guest data becomes safe."""
