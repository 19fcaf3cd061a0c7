/** Users and their access keys: whom a signature speaks for. */

export interface User {
  /** Also the canonical user id of ACLs and the last part of the ARN in policies. */
  readonly id: string;
  readonly displayName: string;
  /** Grants may name a user by it. */
  readonly email?: string;
  /** May do everything with every bucket. */
  readonly isAdmin: boolean;
}

export interface AccessKey {
  readonly id: string;
  readonly user: User;
  /** Never logged, never in an answer. */
  secret(): string;
}

export class Users {
  private readonly keys: ReadonlyMap<string, AccessKey>;
  private readonly users: ReadonlyMap<string, User>;

  constructor(keys: readonly AccessKey[]) {
    this.keys = new Map(keys.map((key) => [key.id, key]));
    this.users = new Map(keys.map(({ user }) => [user.id, user]));
  }

  key(id: string): AccessKey | undefined {
    return this.keys.get(id);
  }

  /** Small and capital letters are the same. */
  userOfEmail(email: string): User | undefined {
    const wanted = email.toLowerCase();
    for (const user of this.users.values()) {
      if (user.email?.toLowerCase() === wanted) return user;
    }
    return undefined;
  }

  user(id: string): User | undefined {
    return this.users.get(id);
  }
}
