import type { Metadata } from "next";
import { Door } from "@/features/session/door";
import { LoginForm } from "@/features/session/login-form";
import { nextPath } from "@/features/session/next-path";

export const metadata: Metadata = { title: "Sign in" };

export default async function LoginPage({ searchParams }: { searchParams: Promise<{ next?: string | string[] }> }) {
  const { next } = await searchParams;
  return (
    <Door title="Sign in">
      <LoginForm next={nextPath(Array.isArray(next) ? next[0] : next)} />
    </Door>
  );
}
