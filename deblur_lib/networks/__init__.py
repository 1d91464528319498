"""The comparators and an own design, one flat file each; names resolve without importing torch."""

NETWORKS: dict[str, str] = {
    "convir": "deblur_lib.networks.convir:ConvIR",
    "dbgan": "deblur_lib.networks.dbgan:DBGAN",
    "deblurgan": "deblur_lib.networks.deblurgan:DeblurGAN",
    "deblurgan_v2": "deblur_lib.networks.deblurgan_v2:DeblurGANv2",
    "deepdeblur": "deblur_lib.networks.deepdeblur:DeepDeblur",
    "dmphn": "deblur_lib.networks.dmphn:DMPHN",
    "gong2017": "deblur_lib.networks.gong2017:Gong2017",
    "mb_taylorformer_v2": "deblur_lib.networks.mb_taylorformer_v2:MBTaylorFormerV2",
    "mimo_unet": "deblur_lib.networks.mimo_unet:MIMOUNet",
    "mimo_unet_plus": "deblur_lib.networks.mimo_unet:MIMOUNetPlus",
    "mprnet": "deblur_lib.networks.mprnet:MPRNet",
    "mtrnn": "deblur_lib.networks.mtrnn:MTRNN",
    "nafnet": "deblur_lib.networks.nafnet:NAFNet",
    "plain_unet": "deblur_lib.networks.plain_unet:PlainUNet",
    "rdn": "deblur_lib.networks.rdn:RDN",
    "restormer": "deblur_lib.networks.restormer:Restormer",
    "srn": "deblur_lib.networks.srn:SRN",
    "stripformer": "deblur_lib.networks.stripformer:Stripformer",
    "sun2015": "deblur_lib.networks.sun2015:Sun2015",
    "svrnn": "deblur_lib.networks.svrnn:SVRNN",
    "true_blur": "deblur_lib.networks.true_blur:TrueBlur",
    "unet_seresnext": "deblur_lib.networks.unet_seresnext:UNetSEResNeXt",
    "whyte2012": "deblur_lib.networks.whyte2012:Whyte2012",
}
DISCRIMINATORS: dict[str, str] = {
    "conv_dense": "deblur_lib.networks.discriminators:ConvDense",
    "deblurgan_critic": "deblur_lib.networks.discriminators:DeblurGANCritic",
    "double": "deblur_lib.networks.discriminators:DoubleGAN",
    "patchgan": "deblur_lib.networks.discriminators:PatchGAN",
}
