"""Kernel parameters that shorten the start of a lean appliance, and why each is harmless."""

import platform

from guestshell.engine.machine import Accelerator

_ALWAYS = (
    "rcupdate.rcu_expedited=1",  # whoever registers a driver does not wait out a grace period
)
_EMULATED_X86 = (
    "pci=noacpi",  # interrupts by the BIOS's table: 0.1 s of ACPI code a device is spared
    "mitigations=off",  # an emulated processor does not speculate
    # string instructions are fast in silicon only: emulated, they copy byte by byte
    "clearcpuid=erms,fsrm,rep_good",
)


def kernel_parameters(accelerator: Accelerator) -> tuple[str, ...]:
    """Give the parameters for this kind of processor; kernel-parameters.txt explains them."""
    if accelerator.kvm or platform.machine() != "x86_64":
        return _ALWAYS
    return _ALWAYS + _EMULATED_X86
