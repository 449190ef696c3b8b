"""Which addresses belong to the open internet. Whoever fetches from, or posts to, a stranger's URL asks here."""

import ipaddress

# NAT64, and the addresses that once were IPv4 in disguise.
_TRANSLATED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96"))


def is_public(address: str) -> bool:
    """Tell whether an address belongs to the open internet; those that only wrap another count as what they wrap."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        if any(ip in network for network in _TRANSLATED):
            return False
        ip = ip.ipv4_mapped or ip.sixtofour or ip
    return ip.is_global and not ip.is_multicast
