"""The prompt: the only room that imports prompt_toolkit."""
