// The lease port: time-limited sole right to drive something, with a fencing number.

/** The right to write under `name`, until `expiresAtMs` or a later `renew`. */
export interface Lease {
  readonly name: string;
  /** Grows with each holder: the store refuses an append with an older one. */
  readonly epoch: number;
  readonly expiresAtMs: number;
}

export interface Leases {
  /** Takes the lease when it is free or its time is over; null while another holds it. Durable when it resolves. */
  acquire(name: string, options: { ttlMs: number }): Promise<Lease | null>;
  /**
   * Holds the lease for `ttlMs` from now; null when another has taken it. With 0 it is given up
   * at once for somebody else to take over, also where the clock is set back.
   */
  renew(lease: Lease, options: { ttlMs: number }): Promise<Lease | null>;
  /** Ends the lease for good: what it was for is done. Its epoch can never append again. */
  release(lease: Lease): Promise<void>;
  /** Names of leases that were neither renewed in time nor released: what they were for was cut. */
  expired(): Promise<readonly string[]>;
}
