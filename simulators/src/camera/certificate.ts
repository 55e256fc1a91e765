/**
 * The certificate of simulated cameras, self-signed as those of real ones are. Key and certificate are public: they protect nothing.
 * openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj "/CN=scene camera"
 */
export const CAMERA_CERTIFICATE = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgLFUBFitGsBLSlVBK
KdSdGc5zRsFLGGIQv0vOSUHr7hmhRANCAASa/lATnIMOU9eoTWgcScmXtJNDaA1G
KedNNfa5p9tkXSbqRPs0M8O6bpr+aQIh7IkZvG4x/vJpPeYlXzKK8mUG
-----END PRIVATE KEY-----`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBhjCCASugAwIBAgIUTee9CXdbw166ixOVrShNEml6kv4wCgYIKoZIzj0EAwIw
FzEVMBMGA1UEAwwMc2NlbmUgY2FtZXJhMCAXDTI2MTEyMjA4NDQxMloYDzIxMjYx
MDI5MDg0NDEyWjAXMRUwEwYDVQQDDAxzY2VuZSBjYW1lcmEwWTATBgcqhkjOPQIB
BggqhkjOPQMBBwNCAASa/lATnIMOU9eoTWgcScmXtJNDaA1GKedNNfa5p9tkXSbq
RPs0M8O6bpr+aQIh7IkZvG4x/vJpPeYlXzKK8mUGo1MwUTAdBgNVHQ4EFgQUOL4F
AWlIabCHzfQ37wQEI03AsKcwHwYDVR0jBBgwFoAUOL4FAWlIabCHzfQ37wQEI03A
sKcwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEAlKIp+qa0CsZr
tJM1d0Awsj0ifRTK5gF3vmNk3xvtdYQCIQCTj6u12ATrtlAjRsMnKpk0yEX40qf5
zSE0kSadbqfMhA==
-----END CERTIFICATE-----`,
  /** SHA-256 */
  fingerprint: "D6:A3:1E:B0:AD:2D:0E:62:51:45:16:29:B5:6C:C5:D5:CD:1C:95:6E:D0:96:14:49:6B:07:CB:19:75:B2:E3:F8",
} as const;
