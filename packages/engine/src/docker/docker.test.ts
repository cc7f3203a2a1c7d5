import { describe, expect, it } from "vitest";
import { makeLabels } from "../testing/runtime-contract.ts";
import { readLogFrames } from "./log-lines.ts";
import { containerName, imageTag, networkNames, readLabels, releaseOfTag, writeLabels } from "./names.ts";
import { freeAddress, freeSubnet, parseSubnet, writeIp } from "./network.ts";
import { hostRules } from "./protect-host.ts";
import { chooseUser } from "./runtime.ts";

describe("names", () => {
  const labels = makeLabels("owner-1");

  it("give the labels back that were written, and nothing for a thing that is not ours", () => {
    expect(readLabels(writeLabels(labels))).toEqual(labels);
    expect(readLabels({ "io.windlass.owner": "owner-1" })).toBeUndefined();
    expect(readLabels(null)).toBeUndefined();
  });

  it("differ for two releases made in the same second", () => {
    const one = containerName({ ...labels, releaseId: "0199d3a1-7c1e-7b1a-9c55-0123456789ab" }, 1);
    const two = containerName({ ...labels, releaseId: "0199d3a1-7c1e-7b1a-9c55-ba9876543210" }, 1);
    expect(one).toBe("wl-tiny-production-0123456789ab-1");
    expect(two).not.toBe(one);
  });

  it("tell the release of an image to its owner's environment only", () => {
    const tag = imageTag(labels);
    expect(releaseOfTag(tag, "owner-1", labels.environmentId)).toBe(labels.releaseId);
    expect(releaseOfTag(tag, "owner-2", labels.environmentId)).toBeUndefined();
    expect(releaseOfTag(tag, "owner-1", "another")).toBeUndefined();
  });

  it("fit an interface's 15 characters and differ between owners", () => {
    const mine = networkNames("owner-1", "environment");
    expect(mine.bridge.length).toBeLessThanOrEqual(15);
    expect(networkNames("owner-2", "environment").bridge).not.toBe(mine.bridge);
  });
});

describe("freeSubnet", () => {
  const pool = parseSubnet("10.213.0.0/22");

  it("takes the next /26 that overlaps none, and begins again at the end", () => {
    expect(freeSubnet(pool.base, 16, 3, [])).toBe(pool.base + 192);
    const taken = [parseSubnet("10.213.0.208/28"), parseSubnet("10.213.1.0/25")];
    expect(writeIp(freeSubnet(pool.base, 16, 3, taken) ?? 0)).toBe("10.213.1.128");
    expect(freeSubnet(pool.base, 16, 15, [parseSubnet("10.213.3.192/26")])).toBe(pool.base);
  });

  it("is undefined when a larger network has the whole range", () => {
    expect(freeSubnet(pool.base, 16, 0, [parseSubnet("10.0.0.0/8")])).toBeUndefined();
  });
});

describe("freeAddress", () => {
  it.each([
    ["10.213.0.64/26", 61, "10.213.0.65", "10.213.0.127"],
    ["10.213.0.16/28", 13, "10.213.0.17", "10.213.0.31"],
  ])("gives of %s %i addresses and never the gateway's or the network's", (subnet, count, gateway, broadcast) => {
    const network = { name: "n", ...parseSubnet(subnet) };
    const taken = new Set<string>();
    for (let address = freeAddress(network, taken, 5); address; address = freeAddress(network, taken, 5)) {
      taken.add(address);
    }
    expect(taken.size).toBe(count);
    expect(taken).not.toContain(gateway);
    expect(taken).not.toContain(broadcast);
  });
});

describe("readLogFrames", () => {
  const frame = (stream: number, text: string) => {
    const payload = Buffer.from(text);
    const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
    header.writeUInt32BE(payload.length, 4);
    return Buffer.concat([header, payload]);
  };

  it("joins a line that came in several frames, beside the other stream's lines", () => {
    const log = Buffer.concat([frame(1, "long "), frame(2, "error\n"), frame(1, "line\r\n"), frame(1, "rest")]);
    expect(readLogFrames(log)).toEqual(["error", "long line", "rest"]);
  });

  it("ignores a frame whose header was cut off", () => {
    expect(readLogFrames(Buffer.concat([frame(1, "a\nb\n"), Buffer.from([1, 0, 0])]))).toEqual(["a", "b"]);
  });
});

describe("chooseUser", () => {
  it("forces an unprivileged user on images that run as root, by name, number or silence", () => {
    for (const user of ["", "root", "0", "0:1000", "root:node", "000"]) expect(chooseUser(user)).toBe("65532:65532");
  });

  it("leaves an image the unprivileged user that it names", () => {
    for (const user of ["node", "1000", "65534:65534", "www-data:www-data"]) expect(chooseUser(user)).toBeUndefined();
  });
});

describe("hostRules", () => {
  it("close the chain before any packet is sent into it", () => {
    expect(hostRules().map(({ add }) => add.join(" "))).toEqual([
      "-N WINDLASS-INPUT",
      "-I WINDLASS-INPUT 1 -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN",
      "-A WINDLASS-INPUT -j DROP",
      "-I INPUT 1 -i wl+ -j WINDLASS-INPUT",
      "-N DOCKER-USER",
      "-I DOCKER-USER 1 -i wl+ -d 169.254.0.0/16 -p tcp --dport 80 -j DROP",
    ]);
  });
});
