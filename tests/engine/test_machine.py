import json
from pathlib import Path

import pytest

from guestshell.engine import machine
from guestshell.engine.diagnosis import checks, explain_launch_failure


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def fake_qemu(directory: Path, body: str) -> str:
    program = directory / "qemu-system-fake"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    return str(program)


needs_kvm_device = pytest.mark.skipif(not Path("/dev/kvm").exists(), reason="no /dev/kvm here")


def test_the_probe_of_this_host_agrees_with_a_real_machine() -> None:
    verdict = machine.probe_kvm(machine.find_qemu())
    assert verdict.name == ("KVM" if verdict.kvm else "TCG")
    assert verdict.reason


@needs_kvm_device
def test_a_machine_that_aborts_means_tcg(cache: Path) -> None:
    verdict = machine.probe_kvm(
        fake_qemu(cache, "echo 'failed to set MSR 0x10a' >&2; kill -ABRT $$")
    )
    assert not verdict.kvm
    assert "failed to set MSR 0x10a" in verdict.reason


@needs_kvm_device
def test_a_machine_that_answers_means_kvm(cache: Path) -> None:
    answer = '{"return": {"enabled": true, "present": true}}'
    assert machine.probe_kvm(fake_qemu(cache, f"cat >/dev/null; echo '{answer}'")).kvm


def test_the_user_may_forbid_kvm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIBGUESTFS_BACKEND_SETTINGS", "force_tcg")
    assert not machine.probe_kvm("/bin/true").kvm


@needs_kvm_device
def test_a_failed_launch_is_remembered_for_this_host_only(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = '{"return": {"enabled": true, "present": true}}'
    qemu = fake_qemu(cache, f"cat >/dev/null; echo '{answer}'")
    monkeypatch.setenv("LIBGUESTFS_HV", qemu)
    machine.remember_kvm_failure("it hung")
    assert "it hung" in machine.probe_kvm(qemu).reason
    memory = machine.cache_directory() / "kvm-failure.json"
    memory.write_text(json.dumps({"host": "another", "reason": "it hung"}))
    assert machine.probe_kvm(qemu).kvm
    memory.write_text("damaged")
    assert machine.probe_kvm(qemu).kvm


def test_this_host_passes_every_vital_check() -> None:
    assert [check for check in checks() if check.vital and not check.ok] == []


def test_a_missing_emulator_is_what_a_failed_launch_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIBGUESTFS_HV", "/nonexistent/qemu")
    error = explain_launch_failure("guestfs_launch failed", None)
    assert "qemu" in error.message
    assert error.remedy


def test_too_much_memory_is_named() -> None:
    error = explain_launch_failure("guestfs_launch failed", memory=10**9)
    assert "MiB available" in error.message
    assert "--memory" in error.remedy


def test_a_host_without_kernel_is_told_which_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guestshell.engine.diagnosis.kernels", list)
    error = explain_launch_failure("supermin exited with error status 1", None)
    assert "no kernel" in error.message
    assert "linux-image" in error.remedy
