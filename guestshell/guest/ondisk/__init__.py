"""What stands where on a disk, read from the image itself while the appliance still boots.

Only what is found beyond doubt counts: for all else there is InDoubt, and the appliance is asked.
"""
