import type { PinnedPackage } from '../../data/npm.js';

/** A file whose bytes are known beforehand; sha256 in lower-case hexadecimal. */
export interface PinnedFile {
  readonly file: string;
  readonly sha256: string;
}

/** TensorFlow.js's Node backend: its JavaScript and the C++ source of its native half. */
export const tfjsNodePackage: PinnedPackage = {
  spec: '@tensorflow/tfjs-node@4.22.0',
  integrity:
    'sha512-uHrXeUlfgkMxTZqHkESSV7zSdKdV0LlsBeblqkuKU9nnfxB1pC6DtoyYVaLxznzZy7WQSegjcohxxCjAf6Dc7w==',
};

/** The one package that its backend module cannot be loaded without. */
export const protobufPackage: PinnedPackage = {
  spec: 'google-protobuf@3.21.4',
  integrity:
    'sha512-MnG7N936zcKTco4Jd2PX2U96Kf9PxygAPKBug+74LHzmHXmceN16MmRcdgZv+DGef/S9YvQAfRsNCn4cjf9yyQ==',
};

/** Headers of Node's C interface, by the Node project. */
export const nodeHeadersPackage: PinnedPackage = {
  spec: 'node-api-headers@1.9.0',
  integrity:
    'sha512-2oNILP4jXwRB4ywnYKjVk1YyJ96n2D4EOVJO6S3oYZ5PtbJrw3Yt9TpAuX3nBLMuzn74rnfGQrv13pS9vC+YiA==',
};

/** TensorFlow's official wheel, which holds its C library; one build whatever Python is installed. */
export const wheel = {
  requirement: 'tensorflow-cpu==2.21.0',
  target: { python: '3.11', abi: 'cp311', platform: 'manylinux_2_27_x86_64' },
  file: 'tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl',
  sha256: '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
} as const;

/** libtensorflow 1.15 with a compiled native half, for machines without Python or a compiler. */
export const prebuilt = {
  package: {
    spec: 'tfjs-node-lambda-releases@1.6.1',
    integrity:
      'sha512-D275PZpxsKenTuiPnvIE5T+D5JrT4aU9M3EDCedBQKlP0hUB7011Yzg8CAJ6MBIog9Lq90aaEair4yrBBlk61w==',
  },
  archive: 'nodejs12.x-tf2.7.0.br',
  libraries: [
    {
      file: 'libtensorflow.so.1.15.0',
      sha256: '95590cd1cbe4fcd2065e17b2c797a39e2ee31b499d081aff77d3b70a93818daa',
    },
    {
      file: 'libtensorflow_framework.so.1.15.0',
      sha256: '0217782c0ef974979ea371efa2b672622cd4486d2ec2746d24277a5f50d63e09',
    },
  ],
  addon: {
    file: 'tfjs_binding.node',
    sha256: '49a5197e63982786cfff5af282d5bfefd8b55a728daa04925b031ced6d4dc0c5',
  },
} satisfies {
  package: PinnedPackage;
  archive: string;
  libraries: PinnedFile[];
  addon: PinnedFile;
};
