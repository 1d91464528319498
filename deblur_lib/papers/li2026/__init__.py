"""li2026: multi-attention fusion network on DeblurGAN-v2 (MSFM, ECA, AFEM)."""
