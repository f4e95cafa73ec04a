//! Bank accounts: amounts in cents, transfers that happen completely or not at all.

use std::collections::HashMap;

#[derive(Debug, PartialEq, Eq)]
pub enum BankError {
    UnknownAccount(String),
    TooLittle { missing: u64 },
    SameAccount,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub account: String,
    pub cents: i64,
}

#[derive(Default)]
pub struct Bank {
    balances: HashMap<String, u64>,
    journal: Vec<Entry>,
}

impl Bank {
    pub fn open(&mut self, account: &str) {
        self.balances.entry(account.to_string()).or_insert(0);
    }

    pub fn balance(&self, account: &str) -> Result<u64, BankError> {
        self.balances.get(account).copied().ok_or_else(|| BankError::UnknownAccount(account.to_string()))
    }

    pub fn deposit(&mut self, account: &str, cents: u64) -> Result<u64, BankError> {
        let balance = self.balance(account)? + cents;
        self.balances.insert(account.to_string(), balance);
        self.journal.push(Entry { account: account.to_string(), cents: cents as i64 });
        Ok(balance)
    }

    pub fn withdraw(&mut self, account: &str, cents: u64) -> Result<u64, BankError> {
        let balance = self.balance(account)?;
        if cents > balance {
            return Err(BankError::TooLittle { missing: cents - balance });
        }
        self.balances.insert(account.to_string(), balance - cents);
        self.journal.push(Entry { account: account.to_string(), cents: -(cents as i64) });
        Ok(balance - cents)
    }

    pub fn transfer(&mut self, from: &str, to: &str, cents: u64) -> Result<(), BankError> {
        if from == to {
            return Err(BankError::SameAccount);
        }
        self.balance(to)?;
        self.withdraw(from, cents)?;
        self.deposit(to, cents)?;
        Ok(())
    }

    /// What was booked on an account, oldest first.
    pub fn statement(&self, account: &str) -> Vec<i64> {
        self.journal.iter().filter(|entry| entry.account == account).map(|entry| entry.cents).collect()
    }

    /// The account that holds most; of several the first by name.
    pub fn richest(&self) -> Option<&str> {
        let mut names: Vec<&String> = self.balances.keys().collect();
        names.sort();
        let mut best: Option<&String> = None;
        for name in names {
            if best.is_none_or(|known| self.balances[name] > self.balances[known]) {
                best = Some(name);
            }
        }
        best.map(|name| name.as_str())
    }
}
