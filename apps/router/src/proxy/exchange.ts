import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Logger } from "pino";
import type { Dispatcher } from "undici";
import type { Limits } from "../limits.ts";
import { answerPage } from "../pages/answer-page.ts";
import { badRequest, cutOff as cutOffPage, noAnswer, tooSlow } from "../pages/pages.ts";
import type { Claim, LiveTarget } from "../traffic/live-target.ts";
import type { Upstream } from "../traffic/upstream.ts";
import { BodyStream } from "./body-stream.ts";
import { EventStream } from "./event-stream.ts";
import { type JoinedSockets, joinSockets } from "./join-sockets.ts";
import type { ForwardedRequest } from "./read-request.ts";
import { relayHeaders } from "./relay-headers.ts";

/** RFC 9110, 9.2.2: what may be sent again when the first try broke off. */
const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

/** How undici and the system name a connection that the other side closed. */
const CLOSED_BY_RELEASE = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);

const TOO_SLOW = new Set(["UND_ERR_HEADERS_TIMEOUT", "UND_ERR_CONNECT_TIMEOUT", "ETIMEDOUT"]);

const OUR_REFUSAL = new Set(["UND_ERR_INVALID_ARG", "UND_ERR_NOT_SUPPORTED"]);

const CLIENT_GONE = new Error("the client went away");
const CUT_OFF = new Error("cut off at the drain's limit");

interface UpstreamError extends Error {
  code?: string;
  socket?: { bytesRead?: number };
}

/** Answers up to this length are sent in one piece when they come in one. In bytes. */
const SMALL_ANSWER = 16 * 1024;

interface HeldAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  length: number;
  body: Buffer | undefined;
}

/** One function for all, so that holding an answer back makes no closure. */
const sendHeld = (exchange: Exchange): void => exchange.sendHeld();

/** An upgrade: the client's socket, what it sent after its headers, and the protocol it asks for. */
export interface UpgradeRequest {
  socket: Duplex;
  head: Buffer;
  protocol: string;
}

/**
 * One request on its way to a release and its answer on the way back. It holds the claim on its target from its first
 * moment until the client has the whole answer, or either side is gone. It is undici's handler itself: no object and no
 * promise is made for a request beside it.
 */
export class Exchange implements Dispatcher.DispatchHandler, Claim {
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #target: LiveTarget;
  readonly #request: ForwardedRequest;
  readonly #limits: Limits;
  readonly #log: Logger;
  readonly #upgrade: UpgradeRequest | undefined;
  readonly #startedAt = performance.now();
  #upstream: Upstream | undefined;
  #tried: Set<Upstream> | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  /** Something of the request may have reached the release */
  #isSent = false;
  #isRetried = false;
  /** Headers of an answer came */
  #isBegun = false;
  #isAnswered = false;
  #isOver = false;
  #stalled: NodeJS.Timeout | undefined;
  /** Set when it has become something that does not end by itself */
  #joined: JoinedSockets | undefined;
  #stream: EventStream | undefined;
  #goodbye: NodeJS.Timeout | undefined;
  #isBroken = false;
  #held: HeldAnswer | undefined;

  constructor(
    req: IncomingMessage,
    res: ServerResponse,
    target: LiveTarget,
    request: ForwardedRequest,
    limits: Limits,
    log: Logger,
    upgrade?: UpgradeRequest,
  ) {
    this.#req = req;
    this.#res = res;
    this.#target = target;
    this.#request = request;
    this.#limits = limits;
    this.#log = log;
    this.#upgrade = upgrade;
  }

  start(): void {
    this.#target.claim(this);
    if (!this.#request.isProbe) this.#target.noteRequest();
    (this.#upgrade?.socket ?? this.#res).once("close", this.#onClientClosed);
    this.#dispatchToNext();
  }

  get isStream(): boolean {
    return this.#joined !== undefined || this.#stream !== undefined;
  }

  get isBroken(): boolean {
    return this.#isBroken;
  }

  sendAway(): void {
    if (this.#goodbye !== undefined || this.#isOver || !this.isStream) return;
    this.#goodbye = setTimeout(this.#onGoodbyeLimit, this.#limits.goodbyeMs);
    this.#joined?.sendAway();
    if (this.#stream?.isBetweenPieces) this.#endStream();
  }

  cutOff(): void {
    this.#isBroken = true;
    const isUnanswered = this.#upgrade === undefined && !this.#res.headersSent;
    // First the answer: the abort below comes back as an error of the release.
    if (isUnanswered) this.#answer(cutOffPage(this.#request.requestId));
    this.#controller?.abort(CUT_OFF);
    if (!isUnanswered) (this.#upgrade?.socket ?? this.#res).destroy();
  }

  /** Ends an endless answer in order: the client sees its end, not a broken connection. */
  #endStream(): void {
    this.#isAnswered = true;
    this.#stream = undefined;
    this.#res.end();
    this.#controller?.abort(CUT_OFF);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isOver) controller.abort(CLIENT_GONE);
    else this.#isSent = true;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status === 103) this.#passHints(headers);
    if (status < 200 || this.#isOver) return;
    this.#noteAnswer(status);
    const length = headers["content-length"];
    if (length !== undefined && Number(length) <= SMALL_ANSWER) {
      // A small answer mostly comes whole in one read: then headers and body go out in one write, the greatest part of
      // what a request costs. When it does not, its headers go on at the end of this turn.
      this.#held = { status, headers, length: Number(length), body: undefined };
      process.nextTick(sendHeld, this);
      return;
    }
    this.#writeHead(status, headers, length === undefined);
    this.#stream = EventStream.of(headers);
    if (this.#stream !== undefined) this.#target.noteStream(this);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isOver || this.#isAnswered) return;
    if (this.#stream !== undefined) {
      this.#stream.note(chunk);
      if (this.#goodbye !== undefined && this.#stream.isBetweenPieces) {
        this.#res.write(chunk);
        this.#endStream();
        return;
      }
    }
    if (this.#held !== undefined) {
      if (chunk.length === this.#held.length && this.#held.body === undefined) {
        this.#held.body = chunk;
        return;
      }
      this.sendHeld();
    }
    if (this.#res.write(chunk)) return;
    controller.pause();
    this.#stalled = setTimeout(this.#onClientStalled, this.#limits.clientStalledMs);
    this.#res.once("drain", this.#onDrained);
  }

  onResponseEnd(_controller: Dispatcher.DispatchController, trailers: IncomingHttpHeaders): void {
    this.#isAnswered = true;
    if (this.#isOver) return;
    const held = this.#held;
    if (held !== undefined) {
      this.#held = undefined;
      this.#writeHead(held.status, held.headers, false);
      if (held.body === undefined) this.#res.end();
      // As latin1, bytes stay what they are, and Node joins them with the headers.
      else this.#res.end(held.body.toString("latin1"), "latin1");
      return;
    }
    for (const name in trailers) this.#res.addTrailers({ [name]: trailers[name] as string });
    this.#res.end();
  }

  /** Sends an answer on that was held back for a moment and has not come whole. */
  sendHeld(): void {
    const held = this.#held;
    if (held === undefined || this.#isOver) return;
    this.#held = undefined;
    this.#writeHead(held.status, held.headers, false);
    if (held.body === undefined) this.#res.write("", "latin1");
    else this.#res.write(held.body);
  }

  /** Links that a client may begin to load; one that does without them is served all the same. */
  #passHints({ link }: IncomingHttpHeaders): void {
    if (link === undefined || this.#isOver || this.#upgrade !== undefined || this.#req.httpVersionMinor === 0) return;
    try {
      this.#res.writeEarlyHints({ link });
    } catch {
      // Not a link as Node knows them.
    }
  }

  #writeHead(status: number, headers: IncomingHttpHeaders, isOpenEnded: boolean): void {
    const res = this.#res;
    const chunked =
      isOpenEnded && this.#req.httpVersionMinor > 0 && this.#req.method !== "HEAD" && status !== 204 && status !== 304;
    res.writeHead(status, relayHeaders(headers, status, chunked));
    // An event stream's headers must not wait for its first event. Not flushHeaders, which writes header values as UTF-8
    // where they are bytes (latin1).
    if (isOpenEnded) res.write("", "latin1");
  }

  onRequestUpgrade(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
    release: Duplex,
  ): void {
    const upgrade = this.#upgrade;
    this.#isAnswered = true;
    if (upgrade === undefined || this.#isOver) {
      release.destroy();
      return;
    }
    this.#noteAnswer(status);
    this.#joined = joinSockets(this.#res, upgrade, headers, release);
    this.#target.noteStream(this);
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: UpstreamError): void {
    if (this.#isOver || this.#isAnswered) return;
    this.#held = undefined;
    // The rest of the answer is missing. Ending it would tell the client that it is whole.
    if (this.#res.headersSent) {
      this.#noteUnanswered(error, "a release broke off its answer");
      this.#isAnswered = true;
      this.#res.destroy();
      this.#upgrade?.socket.destroy();
      return;
    }
    if (OUR_REFUSAL.has(error.code ?? "")) {
      this.#answer(badRequest(400, "The request has a header or a target that cannot be passed on."));
      return;
    }
    if (!this.#isSent) this.#upstream?.noteRefused();
    if (!this.#isSent && this.#dispatchToNext()) return;
    if (this.#mayRetry(error)) {
      this.#retryOnFreshConnection();
      return;
    }
    this.#noteUnanswered(error, "a release did not answer");
    this.#answer(TOO_SLOW.has(error.code ?? "") ? tooSlow(this.#request.requestId) : noAnswer(this.#request.requestId));
  }

  #dispatchToNext(): boolean {
    if (this.#upstream !== undefined) {
      this.#tried ??= new Set();
      this.#tried.add(this.#upstream);
    }
    const upstream = this.#target.nextUpstream(this.#tried);
    if (upstream === undefined) return false;
    if (this.#upstream !== undefined) this.#upstream.active--;
    this.#upstream = upstream;
    upstream.active++;
    upstream.pool.dispatch(this.#options(), this);
    return true;
  }

  /**
   * A keep-alive connection can be closed by the release in the moment in which we write to it. Such a request goes once
   * more, on a connection of its own, when it may be repeated and nothing of its body is gone.
   */
  #mayRetry(error: UpstreamError): boolean {
    return (
      this.#isSent &&
      !this.#isRetried &&
      !this.#isBegun &&
      !this.#request.hasBody &&
      IDEMPOTENT.has(this.#req.method as string) &&
      CLOSED_BY_RELEASE.has(error.code ?? "") &&
      // A connection on which nothing was ever read was a new one: the release did get this request, and broke.
      error.socket?.bytesRead !== 0
    );
  }

  #retryOnFreshConnection(): void {
    this.#isRetried = true;
    const connection = (this.#upstream as Upstream).freshConnection();
    connection.dispatch(this.#options(), this);
    // Closes after the one request. Rejects only when it is closed already.
    connection.close().catch(() => {});
  }

  #options(): Dispatcher.DispatchOptions {
    const { path, headers, hasBody } = this.#request;
    return {
      path,
      method: this.#req.method as string,
      headers,
      body: hasBody ? new BodyStream(this.#req, this.#limits.clientStalledMs) : null,
      upgrade: this.#upgrade?.protocol ?? null,
    };
  }

  #noteAnswer(status: number): void {
    this.#isBegun = true;
    if (!this.#request.isProbe) this.#target.noteAnswer(status, performance.now() - this.#startedAt);
  }

  #noteUnanswered(error: UpstreamError, message: string): void {
    if (!this.#request.isProbe) this.#target.noteUnanswered();
    const { requestId, host } = this.#request;
    this.#log.warn(
      { requestId, host, target: this.#target.target.id, code: error.code, reason: error.message },
      message,
    );
  }

  #answer(page: Parameters<typeof answerPage>[2]): void {
    this.#isAnswered = true;
    this.#held = undefined;
    answerPage(this.#req, this.#res, page);
  }

  #onDrained = (): void => {
    clearTimeout(this.#stalled);
    this.#controller?.resume();
  };

  #onClientStalled = (): void => {
    this.cutOff();
  };

  #onGoodbyeLimit = (): void => {
    // A piece that is cut short is dropped by its reader, who asks for it again; a WebSocket has no such rule.
    if (this.#stream !== undefined) this.#endStream();
    else this.cutOff();
  };

  #onClientClosed = (): void => {
    this.#isOver = true;
    clearTimeout(this.#stalled);
    clearTimeout(this.#goodbye);
    if (!this.#isAnswered) this.#controller?.abort(CLIENT_GONE);
    if (this.#upstream !== undefined) this.#upstream.active--;
    this.#target.release(this);
  };
}
