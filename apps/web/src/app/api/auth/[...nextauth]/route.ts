import type { NextRequest } from "next/server";
import NextAuth from "next-auth";
import { authOptions } from "@/auth/auth-options";

interface Context {
  params: Promise<{ nextauth: string[] }>;
}

function handle(request: NextRequest, context: Context): Promise<Response> {
  const protocol = request.headers.get("x-forwarded-proto")?.split(",")[0]?.trim();
  return NextAuth(authOptions(protocol === "https"))(request, context);
}

export { handle as GET, handle as POST };
