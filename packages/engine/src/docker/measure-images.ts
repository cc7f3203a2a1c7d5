/** An image as the engine lists it, those without a name included. */
export interface ListedImage {
  Id: string;
  /** Empty, or absent, where it was not made from another one here */
  ParentId: string;
  RepoTags: string[] | null;
  /** With everything beneath it */
  Size: number;
}

/**
 * What images of ours take on the disk, each with what is its own beneath it, down to what has somebody else's name. What
 * several have in common counts for the first: given newest first, removing older ones frees what is said of them.
 */
export function measureImages(
  all: readonly ListedImage[],
  ids: readonly string[],
  isOurs: (tag: string) => boolean,
): number[] {
  const byId = new Map(all.map((image) => [image.Id, image]));
  const counted = new Set<string>();
  const isOthers = (image: ListedImage) => image.RepoTags?.some((tag) => tag !== "<none>:<none>" && !isOurs(tag));
  return ids.map((id) => {
    let bytes = 0;
    for (let image = byId.get(id); image && !counted.has(image.Id); ) {
      counted.add(image.Id);
      const parent = byId.get(image.ParentId);
      bytes += image.Size - (parent?.Size ?? 0);
      image = parent && isOthers(parent) ? undefined : parent;
    }
    return bytes;
  });
}
