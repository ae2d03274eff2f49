import { create, createFileRegistry, type DescMessage } from '@bufbuild/protobuf';
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt';

/**
 * The messages and fields of the ONNX format (onnx.proto) that we read or write: `name: [number, type]`, a type in
 * brackets repeats. A type that is no scalar names a message.
 */
const messages: Readonly<Record<string, Readonly<Record<string, Field>>>> = {
  ModelProto: {
    ir_version: [1, 'int64'],
    producer_name: [2, 'string'],
    producer_version: [3, 'string'],
    graph: [7, 'GraphProto'],
    opset_import: [8, ['OperatorSetIdProto']],
    metadata_props: [14, ['StringStringEntryProto']],
  },
  OperatorSetIdProto: { domain: [1, 'string'], version: [2, 'int64'] },
  StringStringEntryProto: { key: [1, 'string'], value: [2, 'string'] },
  GraphProto: {
    node: [1, ['NodeProto']],
    name: [2, 'string'],
    initializer: [5, ['TensorProto']],
    input: [11, ['ValueInfoProto']],
    output: [12, ['ValueInfoProto']],
    // SparseTensorProto, of which only the presence matters.
    sparse_initializer: [15, ['Unread']],
  },
  NodeProto: {
    input: [1, ['string']],
    output: [2, ['string']],
    name: [3, 'string'],
    op_type: [4, 'string'],
    attribute: [5, ['AttributeProto']],
    domain: [7, 'string'],
  },
  AttributeProto: {
    name: [1, 'string'],
    f: [2, 'float'],
    i: [3, 'int64'],
    s: [4, 'bytes'],
    t: [5, 'TensorProto'],
    floats: [7, ['float']],
    ints: [8, ['int64']],
    type: [20, 'int32'],
  },
  TensorProto: {
    dims: [1, ['int64']],
    data_type: [2, 'int32'],
    float_data: [4, ['float']],
    int32_data: [5, ['int32']],
    int64_data: [7, ['int64']],
    name: [8, 'string'],
    raw_data: [9, 'bytes'],
    double_data: [10, ['double']],
    // An enumeration in the original: 1 is external.
    data_location: [14, 'int32'],
  },
  Unread: {},
  ValueInfoProto: { name: [1, 'string'], type: [2, 'TypeProto'] },
  TypeProto: { tensor_type: [1, 'TensorTypeProto'] },
  // TypeProto.Tensor and TensorShapeProto.Dimension in the original; names of messages are not in the file.
  TensorTypeProto: { elem_type: [1, 'int32'], shape: [2, 'TensorShapeProto'] },
  TensorShapeProto: { dim: [1, ['DimensionProto']] },
  DimensionProto: { dim_value: [1, 'int64'], dim_param: [2, 'string'] },
};

type Field = readonly [number: number, type: string | readonly [string]];

const scalars: Readonly<Record<string, FieldDescriptorProto_Type>> = {
  int32: FieldDescriptorProto_Type.INT32,
  int64: FieldDescriptorProto_Type.INT64,
  string: FieldDescriptorProto_Type.STRING,
  bytes: FieldDescriptorProto_Type.BYTES,
  float: FieldDescriptorProto_Type.FLOAT,
  double: FieldDescriptorProto_Type.DOUBLE,
};

/** proto2: a field that was set is written even where its value is the default, as readers of ONNX expect. */
const registry = createFileRegistry(
  create(FileDescriptorProtoSchema, {
    name: 'onnx.proto',
    package: 'onnx',
    syntax: 'proto2',
    messageType: Object.entries(messages).map(([name, fields]) => ({
      name,
      field: Object.entries(fields).map(([field, description]) => descriptor(field, description)),
    })),
  }),
  () => undefined,
);

function descriptor(name: string, [number, type]: Field) {
  const repeated = typeof type !== 'string';
  const element = repeated ? type[0] : type;
  const scalar = scalars[element];
  return {
    name,
    number,
    label: repeated ? FieldDescriptorProto_Label.REPEATED : FieldDescriptorProto_Label.OPTIONAL,
    ...(scalar
      ? { type: scalar }
      : { type: FieldDescriptorProto_Type.MESSAGE, typeName: `.onnx.${element}` }),
  };
}

/** Describes a whole ONNX file. */
export const modelProto = registry.getMessage('onnx.ModelProto') as DescMessage;
