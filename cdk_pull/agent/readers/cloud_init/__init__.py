"""User data as cloud-init takes it apart: scripts, cloud-config and MIME archives of them.

Source: cloud-init 24 to 26, cloudinit/user_data.py and cloudinit/handlers; Amazon Linux 2's 19.3 does the same.
"""
