"""The comparators, one flat file each; names resolve without importing torch."""

NETWORKS: dict[str, str] = {
    "mimo_unet": "deblur_lib.networks.mimo_unet:MIMOUNet",
    "mimo_unet_plus": "deblur_lib.networks.mimo_unet:MIMOUNetPlus",
}
DISCRIMINATORS: dict[str, str] = {}
