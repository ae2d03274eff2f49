# JSON with comment lines: scripts/sanitize.mjs reads the same targets and flags.
# Every instruction set is a library of its own with its own flags, so that no code compiled for a wider one can be
# taken by the linker for an inline function that all processors run.
{
  "target_defaults": {
    "include_dirs": ["src"],
    "cflags_cc": ["-std=c++17", "-O3", "-ffp-contract=off", "-fvisibility=hidden", "-Wall", "-Wextra"],
    "xcode_settings": {
      "CLANG_CXX_LANGUAGE_STANDARD": "c++17",
      "GCC_OPTIMIZATION_LEVEL": "3",
      "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
      "MACOSX_DEPLOYMENT_TARGET": "11.0",
      "OTHER_CPLUSPLUSFLAGS": ["-ffp-contract=off"]
    },
    "msvs_settings": {
      "VCCLCompilerTool": {
        "ExceptionHandling": 1,
        "AdditionalOptions": ["/std:c++17", "/fp:precise"]
      }
    }
  },
  "targets": [
    {
      "target_name": "apb_portable",
      "type": "static_library",
      "sources": [
        "src/kernels/bit_gemm/scalar.cc", "src/kernels/ceiling/scalar.cc", "src/kernels/paper/scalar.cc",
        "src/kernels/byte_dot/scalar.cc",
        "src/kernels/byte_gemm/scalar.cc",
        "src/kernels/copy_patches/scalar.cc",
        "src/kernels/cut_panel/scalar.cc",
        "src/kernels/expand_signs/scalar.cc",
        "src/kernels/finish_rows/scalar.cc",
        "src/kernels/max_window/scalar.cc",
        "src/kernels/float_gemm/scalar.cc",
        "src/kernels/quantize/scalar.cc",
        "src/kernels/quantize_bytes/scalar.cc",
        "src/kernels/scale_row/scalar.cc",
        "src/kernels/sparse_dot/scalar.cc",
        "src/kernels/transpose/scalar.cc"
      ],
      "conditions": [
        ["target_arch=='x64'", { "sources": ["src/kernels/float_gemm/x86_sse2.cc"] }]
      ]
    },
    {
      "target_name": "apb_ops",
      "type": "static_library",
      "sources": [
        "src/base/background.cc",
        "src/base/pool.cc",
        "src/base/scratch.cc",
        "src/bench/products.cc",
        "src/bench/race.cc",
        "src/kernels/select.cc",
        "src/ops/activation.cc",
        "src/ops/arena.cc",
        "src/ops/bit_input.cc",
        "src/ops/bit_layer.cc",
        "src/ops/bit_setup.cc",
        "src/ops/bit_tiles.cc",
        "src/ops/buffer.cc",
        "src/ops/byte_layer.cc",
        "src/ops/check.cc",
        "src/ops/copy_bits.cc",
        "src/ops/elementwise.cc",
        "src/ops/epilogue.cc",
        "src/ops/float_layer.cc",
        "src/ops/float_rows.cc",
        "src/ops/gather.cc",
        "src/ops/inside.cc",
        "src/ops/integer.cc",
        "src/ops/layer.cc",
        "src/ops/layout.cc",
        "src/ops/lines.cc",
        "src/ops/lookup_product.cc",
        "src/ops/lookup_tables.cc",
        "src/ops/mark_setup.cc",
        "src/ops/marker.cc",
        "src/ops/network.cc",
        "src/ops/panel.cc",
        "src/ops/panel_finisher.cc",
        "src/ops/placement.cc",
        "src/ops/pool.cc",
        "src/ops/product.cc",
        "src/ops/program.cc",
        "src/ops/quantized.cc",
        "src/ops/run.cc",
        "src/ops/runs.cc",
        "src/ops/sparse.cc",
        "src/ops/thresholds.cc",
        "src/ops/tile_panel.cc",
        "src/ops/types.cc",
        "src/ops/weights.cc",
        "src/ops/window.cc",
        "src/ops/windows.cc"
      ],
      "cflags_cc!": ["-fno-exceptions"],
      "xcode_settings": { "GCC_ENABLE_CPP_EXCEPTIONS": "YES" },
      "conditions": [
        ["OS=='win'", { "sources": ["src/base/module_windows.cc"] }, { "sources": ["src/base/module_posix.cc"] }],
        ["target_arch=='x64'", { "defines": ["APB_X86"], "sources": ["src/base/cpu_x86.cc"] }],
        ["target_arch=='arm64'", { "defines": ["APB_ARM64"], "sources": ["src/base/cpu_arm64.cc"] }],
        ["target_arch!='x64' and target_arch!='arm64'", { "sources": ["src/base/cpu_other.cc"] }]
      ]
    },
    {
      "target_name": "apb_kernels",
      "sources": [
        "src/addon.cc", "src/napi/bench.cc", "src/napi/errors.cc", "src/napi/handles.cc", "src/napi/pending.cc",
        "src/napi/program.cc", "src/napi/values.cc"
      ],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      # The last one: in a worker that is being ended nothing can be thrown, and trying to would end the process.
      "defines": ["NAPI_VERSION=8", "NODE_ADDON_API_CPP_EXCEPTIONS", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"],
      "cflags_cc!": ["-fno-exceptions"],
      "xcode_settings": { "GCC_ENABLE_CPP_EXCEPTIONS": "YES" },
      "dependencies": ["apb_ops", "apb_portable"],
      "conditions": [
        # Threads of the pool outlive a worker that loaded the addon: it must stay in memory.
        ["OS=='linux'", { "ldflags": ["-Wl,-z,nodelete"] }],
        ["target_arch=='x64'", {
          "dependencies": ["apb_x86_popcnt", "apb_x86_avx2", "apb_x86_avx512vpopcntdq", "apb_x86_avx512vbmi"]
        }],
        ["target_arch=='arm64'", { "dependencies": ["apb_arm_neon"] }]
      ]
    }
  ],
  "conditions": [
    ["target_arch=='x64'", {
      "targets": [
        {
          "target_name": "apb_x86_popcnt",
          "type": "static_library",
          "sources": ["src/kernels/bit_gemm/x86_popcnt.cc", "src/kernels/ceiling/x86_popcnt.cc", "src/kernels/paper/x86_popcnt.cc"],
          "cflags_cc": ["-mpopcnt"],
          "xcode_settings": { "OTHER_CPLUSPLUSFLAGS": ["-mpopcnt"] }
        },
        {
          "target_name": "apb_x86_avx2",
          "type": "static_library",
          "sources": [
            "src/kernels/bit_gemm/x86_avx2.cc", "src/kernels/ceiling/x86_avx2.cc",
            "src/kernels/code_panel/x86_avx2.cc",
            "src/kernels/lookup/x86_avx2.cc",
            "src/kernels/byte_dot/x86_avx2.cc",
            "src/kernels/byte_gemm/x86_avx2.cc",
            "src/kernels/expand_signs/x86_avx2.cc",
            "src/kernels/finish_rows/x86_avx2.cc",
            "src/kernels/max_window/x86_avx2.cc",
            "src/kernels/float_gemm/x86_avx2.cc",
            "src/kernels/quantize/x86_avx2.cc",
            "src/kernels/quantize_bytes/x86_avx2.cc",
            "src/kernels/scale_row/x86_avx2.cc",
            "src/kernels/cut_panel/x86_avx2.cc",
            "src/kernels/sparse_dot/x86_avx2.cc",
            "src/kernels/transpose/x86_avx2.cc"
          ],
          "cflags_cc": ["-mavx2", "-mfma", "-mpopcnt"],
          "xcode_settings": { "OTHER_CPLUSPLUSFLAGS": ["-mavx2", "-mfma", "-mpopcnt"] },
          "msvs_settings": { "VCCLCompilerTool": { "AdditionalOptions": ["/arch:AVX2"] } }
        },
        {
          "target_name": "apb_x86_avx512vpopcntdq",
          "type": "static_library",
          "sources": [
            "src/kernels/bit_gemm/x86_avx512vpopcntdq.cc", "src/kernels/ceiling/x86_avx512vpopcntdq.cc", "src/kernels/paper/x86_avx512vpopcntdq.cc",
            "src/kernels/byte_dot/x86_avx512vpopcntdq.cc", "src/kernels/byte_gemm/x86_avx512vpopcntdq.cc",
            "src/kernels/balanced_gemm/x86_avx512vpopcntdq.cc", "src/kernels/fold_panel/x86_avx512vpopcntdq.cc",
            "src/kernels/code_panel/x86_avx512vpopcntdq.cc",
            "src/kernels/copy_patches/x86_avx512vpopcntdq.cc",
            "src/kernels/correct_panel/x86_avx512vpopcntdq.cc",
            "src/kernels/cut_tile/x86_avx512vpopcntdq.cc",
            "src/kernels/finish_panel/x86_avx512vpopcntdq.cc",
            "src/kernels/expand_signs/x86_avx512vpopcntdq.cc",
            "src/kernels/finish_rows/x86_avx512vpopcntdq.cc",
            "src/kernels/max_window/x86_avx512vpopcntdq.cc",
            "src/kernels/float_gemm/x86_avx512vpopcntdq.cc",
            "src/kernels/quantize/x86_avx512vpopcntdq.cc",
            "src/kernels/quantize_bytes/x86_avx512vpopcntdq.cc",
            "src/kernels/mark_panel/x86_avx512vpopcntdq.cc",
            "src/kernels/turn_bits/x86_avx512vpopcntdq.cc",
            "src/kernels/scale_panel/x86_avx512vpopcntdq.cc",
            "src/kernels/scale_row/x86_avx512vpopcntdq.cc",
            "src/kernels/sparse_dot/x86_avx512vpopcntdq.cc",
            "src/kernels/transpose/x86_avx512vpopcntdq.cc"
          ],
          # GCC 12 warns of uninitialised values inside its own AVX-512 header (GCC bug 105593).
          "cflags_cc": ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mavx512vnni", "-mavx512vpopcntdq", "-mfma", "-mpopcnt",
            "-Wno-uninitialized", "-Wno-maybe-uninitialized"],
          "xcode_settings": {
            "OTHER_CPLUSPLUSFLAGS": ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mavx512vnni", "-mavx512vpopcntdq",
              "-mfma", "-mpopcnt"]
          },
          "msvs_settings": { "VCCLCompilerTool": { "AdditionalOptions": ["/arch:AVX512"] } }
        },
        {
          "target_name": "apb_x86_avx512vbmi",
          "type": "static_library",
          "sources": ["src/kernels/lookup/x86_avx512vbmi.cc"],
          "cflags_cc": ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mavx512vbmi", "-mavx512vnni", "-Wno-uninitialized",
            "-Wno-maybe-uninitialized"],
          "xcode_settings": {
            "OTHER_CPLUSPLUSFLAGS": ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mavx512vbmi", "-mavx512vnni"]
          },
          "msvs_settings": { "VCCLCompilerTool": { "AdditionalOptions": ["/arch:AVX512"] } }
        }
      ]
    }],
    ["target_arch=='arm64'", {
      "targets": [
        {
          "target_name": "apb_arm_neon",
          "type": "static_library",
          "sources": [
            "src/kernels/bit_gemm/arm_neon.cc", "src/kernels/ceiling/arm_neon.cc",
            "src/kernels/expand_signs/arm_neon.cc",
            "src/kernels/float_gemm/arm_neon.cc",
            "src/kernels/quantize/arm_neon.cc",
            "src/kernels/cut_panel/arm_neon.cc",
            "src/kernels/sparse_dot/arm_neon.cc"
          ]
        }
      ]
    }]
  ]
}
