/** The same object, every call of its methods through `around`: once, again, or with its error made another. */
export function aroundMethods<T extends object>(
  object: T,
  around: (call: () => Promise<unknown>, name: string) => Promise<unknown>,
): T {
  return new Proxy(object, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target);
      if (typeof member !== "function") return member;
      return (...given: unknown[]) =>
        around(async () => (await Reflect.apply(member, target, given)) as unknown, String(key));
    },
  });
}
