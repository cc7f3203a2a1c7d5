import { z } from "zod";

/** What making it took on the disk, so that the next time it is known before. */
const Sizes = {
  /** Of itself, without what was there before it */
  bytes: z.number().optional(),
  /** Of the files it was built from */
  sourceBytes: z.number().optional(),
};

/** What was built: enough to start it again, here. */
export const Artifact = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("image"),
    /** sha256:… id of the image in the engine */
    imageId: z.string(),
    /** The tag that keeps it from being cleaned up */
    tag: z.string(),
    /** What it was built with, for people: a path, a preset's name, or the image reference */
    origin: z.string(),
    /** Names the files and build settings: the same again need not be built again */
    builtFrom: z.string().optional(),
    ...Sizes,
  }),
  z.object({
    kind: z.literal("folder"),
    /** Absolute path of the release folder */
    path: z.string(),
    /** How it starts, as argv; PORT is in its environment */
    command: z.array(z.string()),
    origin: z.string(),
    ...Sizes,
  }),
]);
export type Artifact = z.infer<typeof Artifact>;

/** Where the router reaches an instance. */
export const Address = z.object({ host: z.string(), port: z.int() });
export type Address = z.infer<typeof Address>;

export const StartedInstance = z.object({
  /** The runtime's own stable name: it follows from the release and the ordinal */
  name: z.string(),
  /** Tells the instances of one release apart, from 1 */
  ordinal: z.int().positive(),
  address: Address,
});
export type StartedInstance = z.infer<typeof StartedInstance>;
