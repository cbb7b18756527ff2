// A stage in the shape that ONNX Runtime's own TrainingSession loads: C, C++, Python and mobile, and JavaScript up to
// onnxruntime-web 1.19. The forward pass and its gradients are the same standard operators as everywhere; what is added
// is how that API hands values around.
// https://github.com/microsoft/onnxruntime/blob/v1.19.2/orttraining/orttraining/training_api (module.cc, optimizer.cc)

import onnxProto from "onnx-proto";
import {
  add,
  cast,
  clip,
  defineOperator,
  div,
  Graph,
  minimum,
  mul,
  reshape,
  scale,
  serialize,
  shift,
  sub,
  type Tensor,
} from "../graph/index.ts";
import { ADAM, type OptimizerOptions } from "../optimizers/optimizer.ts";
import type { ScheduleOptions } from "../optimizers/schedule.ts";
import {
  commonArtifacts,
  type StageArtifacts,
  type StageGraphOptions,
  trainingGraph,
} from "./stage-artifacts.ts";

const { onnx } = onnxProto;
const { AttributeType } = onnx.AttributeProto;

/** Names that the API knows its inputs and outputs by. */
const gradientBuffer = (weight: string) => `${weight}_grad.accumulation.buffer`;
const gradientOut = (weight: string) => `${weight}_grad.accumulation.out`;
const RESET = "lazy_reset_grad";

defineOperator({
  type: "InPlaceAccumulatorV2",
  domain: "com.microsoft",
  infer: ([buffer]) => [
    { dtype: "bool", shape: [1] },
    { dtype: buffer!.dtype, shape: buffer!.shape },
  ],
});
defineOperator({ type: "Cos", infer: ([x]) => [{ dtype: x!.dtype, shape: x!.shape }] });
defineOperator({ type: "Where", infer: ([, , x]) => [{ dtype: x!.dtype, shape: x!.shape }] });
defineOperator({ type: "Less", infer: ([a]) => [{ dtype: "bool", shape: a!.shape }] });

/**
 * The models of a stage in the flavour "ort-training". Beside what the portable models do:
 * - training: inputs are the views, the running statistics (as user inputs; `<statistic>.next` are user outputs), every
 *   weight, a gradient buffer for each trained one, and lazy_reset_grad. What is accumulated is what the optimizer
 *   subtracts: the clipped gradient, with weight decay and, for "sgd", momentum, which lives in the buffer.
 * - optimizer: AdamWOptimizer or SGDOptimizerV2 on all weights at once. The rate comes from `step`, since the JavaScript
 *   API cannot set one; `learning_rate` is left unread.
 * @throws if the stage trains nothing, a shape does not fit, or the optimizer is "muon"
 */
export function buildOrtTraining(options: StageGraphOptions, schedule: ScheduleOptions): StageArtifacts {
  if (options.optimizer.optimizer === "muon") throw new Error("ONNX Runtime Training has no Muon");
  const training = trainingGraph(options);
  const { graph, model, trained, slopes } = training;
  for (const { weight, next } of model.statistics) graph.output(`${weight.name}.next`, next);
  const buffers = trained.map(({ weight }) =>
    graph.input(gradientBuffer(weight.name), "float32", weight.shape),
  );
  const reset = graph.input(RESET, "bool", [1]);
  for (const [i, { weight, tensor }] of trained.entries()) {
    const value = whatToAccumulate(slopes[i], tensor, buffers[i], reset, options.optimizer);
    const [done] = graph.add("InPlaceAccumulatorV2", [buffers[i], value, reset]);
    graph.output(gradientOut(weight.name), done);
  }
  return {
    ...commonArtifacts(options, training),
    trainingModel: serialize(graph),
    optimizerModel: optimizerModel(options.optimizer, schedule),
  };
}

/**
 * The gradient as the optimizer takes it. SGDOptimizerV2 knows neither weight decay nor momentum: the buffer becomes
 * μ · buffer + g if it is never reset, since a sum of it and (μ − 1) · buffer + g is that.
 */
function whatToAccumulate(
  gradient: Tensor,
  weight: Tensor,
  buffer: Tensor,
  reset: Tensor,
  { optimizer, clipValue, weightDecay, momentum }: OptimizerOptions,
): Tensor {
  const clipped = clip(gradient, -clipValue, clipValue);
  if (optimizer === "adamw") return clipped;
  const decayed = weightDecay === 0 ? clipped : add(clipped, scale(weight, weightDecay));
  if (optimizer === "adam") return decayed;
  // Where, not a product with 0: until it is first written the buffer may hold anything, even what is no number.
  const lost = scale(buffer, momentum - 1);
  const kept = buffer.graph.add("Where", [reshape(reset, []), buffer.graph.scalar(0), lost])[0];
  return add(decayed, kept);
}

const tensorInput = (name: string, elemType: number) => ({
  name,
  type: { tensorType: { elemType, shape: { dim: [{ dimValue: 1 }] } } },
});
const sequenceInput = (name: string) => ({
  name,
  type: { sequenceType: { elemType: { tensorType: { elemType: FLOAT } } } },
});
const FLOAT = 1;
const INT64 = 7;
const BOOL = 9;

function optimizerModel(options: OptimizerOptions, schedule: ScheduleOptions): Uint8Array {
  const adam = options.optimizer !== "sgd";
  const rate = rateGraph(schedule);
  const model = onnx.ModelProto.decode(rate);
  const graph = model.graph!;
  const sequences = ["params", "gradients", "first_order_moments", ...(adam ? ["second_order_moments"] : [])];
  // In this order; the API compares.
  graph.input = [
    tensorInput("learning_rate", FLOAT),
    tensorInput("step", INT64),
    ...sequences.map(sequenceInput),
  ] as typeof graph.input;
  const number = (name: string, f: number) => ({ name, type: AttributeType.FLOAT, f });
  const whole = (name: string, i: number) => ({ name, type: AttributeType.INT, i });
  graph.node!.push(
    onnx.NodeProto.fromObject(
      adam
        ? {
            opType: "AdamWOptimizer",
            domain: "com.microsoft",
            input: ["rate", "step", ...sequences],
            output: ["update_completed"],
            attribute: [
              number("alpha", ADAM.beta1),
              number("beta", ADAM.beta2),
              number("epsilon", ADAM.epsilon),
              number("weight_decay", options.optimizer === "adamw" ? options.weightDecay : 0),
              whole("adam_mode", 0), // as in PyTorch
              whole("correct_bias", 1),
            ],
          }
        : {
            opType: "SGDOptimizerV2",
            domain: "com.microsoft",
            input: ["rate", "params", "gradients"],
            output: ["update_completed"],
          },
    ),
  );
  graph.output = [
    { name: "update_completed", type: { tensorType: { elemType: BOOL } } },
  ] as typeof graph.output;
  if (!model.opsetImport!.some(({ domain }) => domain === "com.microsoft")) {
    model.opsetImport!.push(onnx.OperatorSetIdProto.fromObject({ domain: "com.microsoft", version: 1 }));
  }
  return onnx.ModelProto.encode(model).finish();
}

/** step int64 [1], from 1 → rate float32 [1]: `learningRateAt` as a graph. */
function rateGraph({ schedule, learningRate, warmupSteps, totalSteps }: ScheduleOptions): Uint8Array {
  const graph = new Graph("optimizer_model");
  const done = shift(cast(graph.input("step", "int64", [1]), "float32"), -1);
  const one = graph.scalar(1);
  let factor: Tensor = add(scale(done, 0), one);
  if (schedule !== "constant") {
    const progress = scale(shift(done, -warmupSteps), 1 / Math.max(totalSteps - warmupSteps, 1));
    factor =
      schedule === "linear"
        ? sub(one, progress)
        : scale(shift(graph.add("Cos", [scale(progress, Math.PI)])[0], 1), 0.5);
  }
  if (warmupSteps > 0) {
    const warming = cast(graph.add("Less", [done, graph.scalar(warmupSteps)])[0], "float32");
    const warm = minimum(div(shift(done, 1), graph.scalar(warmupSteps)), one);
    factor = add(mul(warming, warm), mul(sub(one, warming), factor));
  }
  graph.output("rate", scale(factor, learningRate));
  return serialize(graph);
}
