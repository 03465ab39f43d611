"""The lean appliance: the user's own stock one, with an init that starts only what is needed."""
