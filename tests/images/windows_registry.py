"""What stands in the registry of the Windows that tests open, as Windows 10 22H2 writes it."""

import struct

from tests.images.hives import (
    Contents,
    Data,
    binary,
    dword,
    expand_sz,
    filetime,
    multi_sz,
    qword,
    sz,
)

MACHINE_SID = (3623811015, 3361044348, 30300820)
SID = "S-1-5-21-" + "-".join(map(str, MACHINE_SID))
DISK_SIGNATURE = 0x5D1C0FFE
PARTITION_START = 2**20
INSTALLED = 1_693_526_400  # 2023-09-01T00:00:00Z
ALICE_LOGIN = 1_718_000_000.5
ALICE_PASSWORD = 1_700_000_000
NIC = "{6E1F2B5A-0C7D-4A0B-9E11-2F5E6D7C8B9A}"

_RUN = r"Microsoft\Windows\CurrentVersion\Run"
_UNINSTALL = r"Microsoft\Windows\CurrentVersion\Uninstall"
_NT = r"Microsoft\Windows NT\CurrentVersion"


def sid(*authorities: int) -> bytes:
    """Give S-1-5-… as bytes, [MS-DTYP] 2.4.2.2."""
    return struct.pack(
        f"<BB6s{len(authorities)}I", 1, len(authorities), b"\0\0\0\0\0\5", *authorities
    )


def user_f(
    rid: int,
    flags: int,
    *,
    login: float = 0,
    password: float = 0,
    failed: float = 0,
    logins: int = 0,
) -> Data:
    """Give the F value of an account: times, RID, account flags, counts."""
    times = (filetime(moment) if moment else 0 for moment in (login, 0, password))
    data = struct.pack("<HHI", 3, 1, 0) + struct.pack("<3Q", *times)
    data += struct.pack("<QQ", 0x7FFFFFFFFFFFFFFF, filetime(failed) if failed else 0)
    data += struct.pack("<IIIHHHH", rid, 513, flags, 0, 0, 0, logins)
    return binary(data.ljust(80, b"\0"))


def user_v(name: str, full_name: str = "", comment: str = "", *, nt_hash: int = 56) -> Data:
    """Give the V value of an account: a table of offsets and lengths, then the fields."""
    fields = [b""] * 17
    fields[1:4] = [text.encode("utf-16-le") for text in (name, full_name, comment)]
    fields[14] = b"\x01" * nt_hash
    table, body = b"", b""
    for field in fields:
        table += struct.pack("<III", len(body), len(field), 0)
        body += field.ljust((len(field) + 3) & ~3, b"\0")
    return binary(table + body)


def alias_c(rid: int, name: str, comment: str, members: list[bytes]) -> Data:
    """Give the C value of a local group: its name, comment and the SIDs of its members."""
    parts = [b"\0" * 8, name.encode("utf-16-le"), comment.encode("utf-16-le"), b"".join(members)]
    table, body = b"", b""
    for index, part in enumerate(parts):
        count = len(members) if index == 3 else 0
        table += struct.pack("<III", len(body), len(part), count)
        body += part.ljust((len(part) + 3) & ~3, b"\0")
    return binary(struct.pack("<I", rid) + table + body)


def _user(rid: int, f: Data, v: Data) -> dict[str, dict[str, Data]]:
    return {rf"SAM\Domains\Account\Users\{rid:08X}": {"F": f, "V": v}}


def _name(rid: int, name: str) -> dict[str, dict[str, Data]]:
    # the type of the default value is the RID
    return {rf"SAM\Domains\Account\Users\Names\{name}": {"": Data(rid, b"")}}


SAM: Contents = {
    r"SAM\Domains\Account": {"V": binary(b"\0" * 64 + struct.pack("<3I", *MACHINE_SID))},
    **_user(
        500,
        user_f(500, 0x0211),
        user_v("Administrator", comment="Built-in account for administering", nt_hash=24),
    ),
    **_user(
        501,
        user_f(501, 0x0215),
        user_v("Guest", comment="Built-in account for guest access", nt_hash=4),
    ),
    **_user(
        1001,
        user_f(
            1001,
            0x0214,
            login=ALICE_LOGIN,
            password=ALICE_PASSWORD,
            failed=1_717_999_000,
            logins=42,
        ),
        user_v("alice", "Alice Ackermann", "Accounts"),
    ),
    **_user(
        1002,
        user_f(1002, 0x0210, password=1_700_000_100),
        user_v("bjørn", "Bjørn Østby", nt_hash=20),
    ),
    **_name(500, "Administrator"),
    **_name(501, "Guest"),
    **_name(1001, "alice"),
    **_name(1002, "bjørn"),
    r"SAM\Domains\Account\Aliases\000003E9": {
        "C": alias_c(1001, "Backup team", "", [sid(21, *MACHINE_SID, 1002)])
    },
    r"SAM\Domains\Builtin\Aliases\00000220": {
        "C": alias_c(
            544,
            "Administrators",
            "Complete and unrestricted access",
            [sid(21, *MACHINE_SID, 500), sid(21, *MACHINE_SID, 1001)],
        )
    },
    r"SAM\Domains\Builtin\Aliases\00000221": {
        "C": alias_c(545, "Users", "", [sid(4), sid(11), sid(21, *MACHINE_SID, 1001)])
    },
}

SOFTWARE: Contents = {
    _NT: {
        "ProductName": sz("Windows 10 Pro"),
        "CurrentVersion": sz("6.3"),
        "CurrentMajorVersionNumber": dword(10),
        "CurrentMinorVersionNumber": dword(0),
        "CurrentBuild": sz("19045"),
        "CurrentBuildNumber": sz("19045"),
        "DisplayVersion": sz("22H2"),
        "EditionID": sz("Professional"),
        "InstallationType": sz("Client"),
        "InstallDate": dword(INSTALLED),
        "InstallTime": qword(filetime(INSTALLED)),
        "ProductId": sz("00330-80000-00000-AA123"),
        "RegisteredOwner": sz("Alice Ackermann"),
        "RegisteredOrganization": sz("Ackermann & Söhne"),
        "SystemRoot": sz(r"C:\Windows"),
        "UBR": dword(4291),
    },
    rf"{_NT}\ProfileList\S-1-5-18": {
        "ProfileImagePath": expand_sz(r"%systemroot%\system32\config\systemprofile"),
    },
    rf"{_NT}\ProfileList\{SID}-1001": {
        "ProfileImagePath": expand_sz(r"C:\Users\alice"),
        "Sid": binary(sid(21, *MACHINE_SID, 1001)),
    },
    rf"{_NT}\Winlogon": {
        "Shell": sz("explorer.exe"),
        "Userinit": sz(r"C:\Windows\system32\userinit.exe,"),
    },
    rf"{_NT}\Windows": {
        "AppInit_DLLs": sz(r"C:\ProgramData\hook.dll"),
        "LoadAppInit_DLLs": dword(1),
    },
    rf"{_NT}\Image File Execution Options\sethc.exe": {
        "Debugger": sz(r"C:\Windows\System32\cmd.exe")
    },
    rf"{_NT}\Image File Execution Options\notepad.exe": {"UseFilter": dword(1)},
    _RUN: {
        "SecurityHealth": expand_sz(r"%windir%\system32\SecurityHealthSystray.exe"),
        "VMware User Process": sz(r'"C:\Program Files\VMware\VMware Tools\vmtoolsd.exe" -n vmusr'),
    },
    rf"{_RUN}Once": {"!cleanup": sz(r"cmd.exe /c del C:\Temp\setup.log")},
    rf"WOW6432Node\{_RUN}": {"Updater": sz(r"C:\Program Files (x86)\Updater\updater.exe /silent")},
    r"Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run": {
        "SecurityHealth": binary(b"\2" + b"\0" * 11),
        "VMware User Process": binary(b"\3\0\0\0" + struct.pack("<Q", filetime(1_717_000_000))),
    },
    r"Microsoft\Active Setup\Installed Components\{89820200-ECBD-11CF-8B85-00AA005B4340}": {
        "": sz("Windows Desktop Update"),
        "StubPath": expand_sz("%SystemRoot%\\system32\\regsvr32.exe /s /n /i:U shell32.dll"),
    },
    rf"{_UNINSTALL}\7-Zip": {
        "DisplayName": sz("7-Zip 23.01 (x64)"),
        "DisplayVersion": sz("23.01"),
        "Publisher": sz("Igor Pavlov"),
        "EstimatedSize": dword(5632),
        "InstallLocation": sz("C:\\Program Files\\7-Zip\\"),
        "UninstallString": sz(r'"C:\Program Files\7-Zip\Uninstall.exe"'),
    },
    rf"{_UNINSTALL}\{{26A24AE4-039D-4CA4-87B4-2F64180381F0}}": {
        "DisplayName": sz("Java 8 Update 381 (64-bit)"),
        "DisplayVersion": sz("8.0.3810.9"),
        "Publisher": sz("Oracle Corporation"),
        "InstallDate": sz("20230912"),
        "EstimatedSize": dword(126480),
        "WindowsInstaller": dword(1),
    },
    rf"{_UNINSTALL}\Connection Manager": {"SystemComponent": dword(1)},
    rf"WOW6432Node\{_UNINSTALL}\Notepad++": {
        "DisplayName": sz("Notepad++ (32-bit x86)"),
        "DisplayVersion": sz("8.5.6"),
        "Publisher": sz("Notepad++ Team"),
        "InstallDate": sz("not a date"),
    },
    r"Classes\MIME\Database\Content Type\application/pdf": {"Extension": sz(".pdf")},
    r"Classes\.txt": {"": sz("txtfile"), "Content Type": sz("text/plain")},
    "Test": {
        "empty": Data(0, b""),
        "multi": multi_sz("one", "two", "three"),
        "big-endian": Data(5, b"\0\0\1\0"),
        "link": Data(6, r"\Registry\Machine\SOFTWARE\Classes".encode("utf-16-le")),
        "odd": Data(1, b"a\0b\0c"),
        "grüße": sz("Straße"),
        "strange type": Data(0x1234, b"\1\2\3"),
        "bytes": binary(bytes(range(256)) * 8),
        "huge": qword(2**64 - 1),
        "half a dword": Data(4, b"\1\2"),
    },
}

_CONTROL = r"ControlSet001\Control"
_SERVICES = r"ControlSet001\Services"

SYSTEM: Contents = {
    "Select": {
        "Current": dword(1),
        "Default": dword(1),
        "Failed": dword(0),
        "LastKnownGood": dword(1),
    },
    "MountedDevices": {
        r"\DosDevices\C:": binary(struct.pack("<IQ", DISK_SIGNATURE, PARTITION_START)),
    },
    rf"{_CONTROL}\ComputerName\ComputerName": {"ComputerName": sz("DESKTOP-7A1B2C3")},
    rf"{_CONTROL}\TimeZoneInformation": {
        "TimeZoneKeyName": sz("W. Europe Standard Time"),
        "Bias": dword(0xFFFFFFC4),
        "ActiveTimeBias": dword(0xFFFFFF88),
    },
    rf"{_CONTROL}\Windows": {"ShutdownTime": binary(struct.pack("<Q", filetime(1_718_100_000)))},
    rf"{_CONTROL}\Session Manager": {"BootExecute": multi_sz("autocheck autochk *")},
    rf"{_CONTROL}\Session Manager\Environment": {"PROCESSOR_ARCHITECTURE": sz("AMD64")},
    rf"{_CONTROL}\Network\{{4D36E972-E325-11CE-BFC1-08002BE10318}}\{NIC}\Connection": {
        "Name": sz("Ethernet0")
    },
    rf"{_SERVICES}\Tcpip": {
        "ImagePath": expand_sz(r"System32\drivers\tcpip.sys"),
        "Start": dword(0),
        "Type": dword(1),
        "DisplayName": sz("@%SystemRoot%\\System32\\tcpipcfg.dll,-50003"),
    },
    rf"{_SERVICES}\Tcpip\Parameters": {
        "Hostname": sz("DESKTOP-7A1B2C3"),
        "NV Hostname": sz("DESKTOP-7A1B2C3"),
        "Domain": sz("corp.example"),
        "DataBasePath": expand_sz(r"%SystemRoot%\System32\drivers\etc"),
    },
    rf"{_SERVICES}\Tcpip\Parameters\Interfaces\{NIC.lower()}": {
        "EnableDHCP": dword(1),
        "DhcpIPAddress": sz("192.0.2.44"),
        "DhcpSubnetMask": sz("255.255.255.0"),
        "DhcpServer": sz("192.0.2.1"),
        "DhcpDefaultGateway": multi_sz("192.0.2.1"),
        "DhcpNameServer": sz("192.0.2.53 192.0.2.54"),
        "DhcpDomain": sz("corp.example"),
        "LeaseObtainedTime": dword(1_718_000_000),
        "LeaseTerminatesTime": dword(1_718_086_400),
    },
    rf"{_SERVICES}\Tcpip\Parameters\Interfaces\{{11111111-2222-3333-4444-555555555555}}": {
        "EnableDHCP": dword(0),
        "IPAddress": multi_sz("198.51.100.7", "198.51.100.8"),
        "SubnetMask": multi_sz("255.255.255.0", "255.255.254.0"),
        "DefaultGateway": multi_sz("198.51.100.1"),
        "NameServer": sz("198.51.100.53,198.51.100.54"),
        "Domain": sz(""),
    },
    rf"{_SERVICES}\Spooler": {
        "DisplayName": sz("Print Spooler"),
        "Description": sz("Spools print jobs"),
        "Start": dword(2),
        "Type": dword(0x110),
        "ImagePath": expand_sz(r"%SystemRoot%\System32\spoolsv.exe"),
        "ObjectName": sz("LocalSystem"),
        "DependOnService": multi_sz("RPCSS", "http"),
    },
    rf"{_SERVICES}\Dnscache": {
        "DisplayName": sz("DNS Client"),
        "Start": dword(2),
        "Type": dword(0x20),
        "DelayedAutostart": dword(1),
        "ImagePath": expand_sz(r"%SystemRoot%\system32\svchost.exe -k NetworkService -p"),
        "ObjectName": sz(r"NT AUTHORITY\NetworkService"),
    },
    rf"{_SERVICES}\Dnscache\Parameters": {
        "ServiceDll": expand_sz(r"%SystemRoot%\System32\dnsrslvr.dll")
    },
    rf"{_SERVICES}\RemoteRegistry": {
        "Start": dword(4),
        "Type": dword(0x20),
        "ObjectName": sz(r"NT AUTHORITY\LocalService"),
        "ImagePath": expand_sz(r"%SystemRoot%\system32\svchost.exe -k localService -p"),
    },
    rf"{_SERVICES}\disk": {
        "Start": dword(0),
        "Type": dword(1),
        "ImagePath": sz(r"System32\drivers\disk.sys"),
    },
    rf"{_SERVICES}\.NET CLR Data": {},
}

SECURITY: Contents = {"Policy": {}, r"Policy\PolAcDmS": {"": Data(0, sid(21, *MACHINE_SID))}}

DEFAULT: Contents = {
    "Software": {},
    "Environment": {"TEMP": expand_sz(r"%USERPROFILE%\AppData\Local\Temp")},
}

ALICE: Contents = {
    rf"Software\{_RUN}": {
        "OneDrive": sz(
            r'"C:\Users\alice\AppData\Local\Microsoft\OneDrive\OneDrive.exe" /background'
        ),
        "backdoor": sz("powershell -w hidden -enc SQBFAFgA"),
    },
    rf"Software\{_UNINSTALL}\Zoom": {
        "DisplayName": sz("Zoom"),
        "DisplayVersion": sz("5.15.7"),
        "InstallDate": sz("20240131"),
    },
    "Environment": {"UserInitMprLogonScript": sz(r"C:\Users\alice\logon.bat")},
}

ALICE_CLASSES: Contents = {r".md": {"": sz("markdown")}}

TIMES = {
    "SOFTWARE": {_RUN: filetime(1_716_000_000.25), rf"{_UNINSTALL}\7-Zip": filetime(1_694_000_000)},
    "SYSTEM": {rf"{_SERVICES}\Spooler": filetime(1_695_000_000)},
    "ALICE": {rf"Software\{_RUN}": filetime(1_717_500_000)},
}
